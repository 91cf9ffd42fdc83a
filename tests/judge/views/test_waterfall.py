"""Claims about critical paths and waterfalls."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.span import Span
from homeostat.judge.views.critical_path import critical_path, time_by_operation
from homeostat.judge.views.time_use import time_use
from homeostat.judge.views.waterfall import DEPTH_MAX, waterfall


def span(number: int, parent: int, start: int, end: int, error: str = "") -> Span:
    parent_id = parent.to_bytes(8, "big") if parent else b""
    return Span(
        trace_id=bytes(16),
        span_id=number.to_bytes(8, "big"),
        parent_id=parent_id,
        name=f"op{number}",
        operation=f"op{number}",
        service="s",
        kind="internal",
        start_ns=start,
        duration_ns=end - start,
        error=error,
    )


def test_parallel_children_count_only_where_the_end_waited_for_them() -> None:
    spans = (span(1, 0, 0, 100), span(2, 1, 10, 50), span(3, 1, 10, 90))
    assert time_by_operation([spans]) == {"op1": 20, "op3": 80}


def test_children_one_after_another_are_all_on_the_path() -> None:
    spans = (span(1, 0, 0, 100), span(2, 1, 0, 40), span(3, 1, 40, 100))
    assert time_by_operation([spans]) == {"op2": 40, "op3": 60}


def test_a_child_that_outlasts_its_parent_counts_up_to_its_end() -> None:
    spans = (span(1, 0, 0, 100), span(2, 1, 50, 400))
    assert time_by_operation([spans]) == {"op1": 50, "op2": 50}


trees = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 1_000), st.integers(0, 1_000)), min_size=1, max_size=30
)


@given(trees)
def test_the_path_covers_the_longest_root_once_and_without_gaps(shape: list[tuple[int, int, int]]) -> None:
    spans = tuple(
        span(i + 1, parent if parent != i + 1 else 0, start, start + length)
        for i, (parent, start, length) in enumerate(shape)
    )
    path = critical_path(spans)
    assert all(a.end_ns == b.start_ns for a, b in pairwise(path))
    known = {s.span_id for s in spans}
    roots = [s for s in spans if s.parent_id not in known]
    if roots:
        longest = max(s.duration_ns for s in roots)
        assert sum(s.end_ns - s.start_ns for s in path) >= longest


@given(trees)
def test_every_span_is_one_bar_within_the_axis_also_in_circles(shape: list[tuple[int, int, int]]) -> None:
    spans = tuple(
        span(i + 1, parent, start, start + length) for i, (parent, start, length) in enumerate(shape)
    )
    found = waterfall(spans)
    assert found is not None
    assert sorted(b.span_id for b in found.bars) == sorted(s.span_id.hex() for s in spans)
    assert all(b.offset >= 0 and b.offset + b.width <= 1 + 1e-9 for b in found.bars)


def test_a_trace_of_thousands_of_nested_spans_is_laid_out() -> None:
    spans = tuple(span(i, i - 1, 0, 10) for i in range(1, 3_001))
    found = waterfall(spans)
    assert found is not None
    assert max(b.depth for b in found.bars) == DEPTH_MAX


def test_time_use_names_the_median_and_the_slowest_trace() -> None:
    traces = [(span(1, 0, 0, length),) for length in (10, 30, 20)]
    found = time_use(traces)
    assert found.traces == 3
    assert found.median is not None
    assert found.slowest is not None
    assert (found.median.duration_ns, found.slowest.duration_ns) == (20, 30)
    assert found.words == "most of the time goes to op1 (100% of the critical path)"
    assert time_use([]).words == ""
