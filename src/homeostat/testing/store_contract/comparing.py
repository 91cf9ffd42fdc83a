"""Comparing what a store answers with the points that were written."""

import math
from collections.abc import Sequence

import numpy as np

from homeostat.core.histogram import ExponentialHistogram
from homeostat.core.point import Moments, Point
from homeostat.core.query import Frame
from homeostat.stats.sketch import merge, quantiles


def same(found: float, expected: float) -> bool:
    """Tell whether two numbers are equal but for the rounding of a sum."""
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-6)


def assert_moments(found: Moments, parts: Sequence[Point]) -> None:
    """Assert that moments are those of the points together, `last` being the newest point's."""
    in_time = sorted(parts, key=lambda p: p.start_ns)
    whole = in_time[0].moments
    for p in in_time[1:]:
        whole = whole.merge(p.moments)
    assert found.count == whole.count
    assert (found.minimum, found.maximum, found.last) == (whole.minimum, whole.maximum, whole.last)
    assert same(found.mean, whole.mean)
    assert same(found.m2, whole.m2)


def assert_same_histogram(found: ExponentialHistogram | None, parts: Sequence[Point]) -> None:
    """Assert that a histogram equals the merge of the points' own, count for count."""
    histograms = [p.histogram for p in parts if p.histogram is not None]
    if not histograms:
        assert found is None
        return
    assert found is not None
    whole = merge(histograms)
    assert (found.scale, found.zero_count) == (whole.scale, whole.zero_count)
    for ours, theirs in ((found.positive, whole.positive), (found.negative, whole.negative)):
        filled = np.flatnonzero(theirs.counts)
        index = np.flatnonzero(ours.counts)
        assert (index + ours.offset).tolist() == (filled + theirs.offset).tolist()
        assert ours.counts[index].tolist() == theirs.counts[filled].tolist()


def assert_frame(frame: Frame, level_ns: int, parts: Sequence[Point]) -> None:
    """Assert that a frame holds exactly these points."""
    buckets: dict[int, list[Point]] = {}
    for p in parts:
        buckets.setdefault(p.start_ns // level_ns * level_ns, []).append(p)
    assert frame.start_ns.tolist() == sorted(buckets)
    for i, start in enumerate(sorted(buckets)):
        inside = buckets[start]
        assert_moments(
            Moments(
                int(frame.count[i]),
                *(float(getattr(frame, n)[i]) for n in ("mean", "m2", "minimum", "maximum", "last")),
            ),
            inside,
        )
        found = [float(getattr(frame, name)[i]) for name in ("p50", "p90", "p95", "p99")]
        histograms = [p.histogram for p in inside if p.histogram is not None]
        if histograms:
            low, high = float(frame.minimum[i]), float(frame.maximum[i])
            expected = quantiles(merge(histograms), (0.5, 0.9, 0.95, 0.99), low, high)
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        else:
            assert all(math.isnan(v) for v in found)
