"""Errors of all types together are as many as there are of each."""

import numpy as np
import pytest

from homeostat.core.clock import SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.point import Moments
from homeostat.core.query import Frame, Total
from homeostat.core.series import SeriesKey
from homeostat.judge.views.error_types import frames_of_all_types, totals_of_all_types


def errors(kind: str, operation: str = "answer") -> SeriesKey:
    return SeriesKey.of("operation.errors", Kind.COUNTER, "1", {"error": kind, "operation": operation})


def counted(n: int) -> Total:
    return Total(Moments(n, 1.0, 0.0, 1.0, 1.0, 1.0), None)


def frame(starts: list[int], counts: list[int]) -> Frame:
    n = len(starts)
    one, unknown = np.ones(n), np.full(n, np.nan)
    return Frame(
        np.array(starts) * SECOND_NS,
        np.array(counts),
        one,
        unknown,
        one,
        one,
        one,
        unknown,
        unknown,
        unknown,
        unknown,
    )


def test_types_of_one_operation_are_added_and_operations_kept_apart() -> None:
    duration = SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"operation": "answer"})
    found = totals_of_all_types(
        {
            errors("Timeout"): counted(3),
            errors("Busy"): counted(4),
            errors("Busy", "rank"): counted(5),
            duration: counted(9),
        }
    )
    shown = {(k.metric, k.attributes): t.moments.total for k, t in found.items()}
    assert shown == {
        ("operation.errors", (("operation", "answer"),)): 7.0,
        ("operation.errors", (("operation", "rank"),)): 5.0,
        ("operation.duration", (("operation", "answer"),)): 9.0,
    }


def test_a_histogram_that_is_named_like_errors_is_left_alone() -> None:
    key = SeriesKey.of("grid.errors", Kind.HISTOGRAM, "1", {"error": "x"})
    assert list(totals_of_all_types({key: counted(1)})) == [key]


def test_frames_are_added_bucket_by_bucket() -> None:
    (found,) = frames_of_all_types(
        {errors("Timeout"): frame([1, 2, 4], [1, 2, 3]), errors("Busy"): frame([2, 3], [10, 20])}
    ).values()
    assert (found.start_ns // SECOND_NS).tolist() == [1, 2, 3, 4]
    assert found.count.tolist() == [1, 12, 20, 3]
    assert (found.mean * found.count).tolist() == pytest.approx([1, 12, 20, 3])
