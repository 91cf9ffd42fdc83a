"""Tables of points: merging them, and turning them into bytes and back."""

from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.histogram import ExponentialHistogram
from homeostat.core.query import LEVELS_NS
from homeostat.stats.sketch import merge, quantiles, sketch
from homeostat.store.bins import (
    NO_HISTOGRAM,
    Bins,
    bin_quantiles,
    bins_of,
    histograms_of,
    merge_bins,
)
from homeostat.store.cover import cover
from homeostat.store.points import ROW, Points, collapse, concatenate, points_of
from homeostat.store.segment import (
    PACKED_MIN,
    DamagedBlob,
    decode_bins,
    decode_rows,
    encode_bins,
    encode_rows,
)
from homeostat.testing.store_contract import LATENCY, LEVEL, T0, assert_same_histogram, point

values = st.lists(
    st.one_of(st.just(0.0), st.floats(1e-30, 1e30), st.floats(-1e6, -1e-6)), min_size=1, max_size=8
)
histograms = st.builds(sketch, values, st.sampled_from((-2, 0, 3, 6, 6, 6)))


def plain(histogram: ExponentialHistogram | None) -> object:
    if histogram is None:
        return None
    sides = (
        {int(i) + b.offset: int(b.counts[i]) for i in np.flatnonzero(b.counts)}
        for b in (histogram.positive, histogram.negative)
    )
    return histogram.scale, histogram.zero_count, *sides


@given(st.lists(st.tuples(st.integers(0, 4), st.none() | histograms), max_size=20))
def test_merging_many_at_once_equals_merging_each_group(
    rows: list[tuple[int, ExponentialHistogram | None]],
) -> None:
    bins, scales = bins_of([h for _, h in rows])
    merged, coarsest = merge_bins(bins, scales, np.array([g for g, _ in rows], dtype=np.int64), 5)
    expected = []
    for group in range(5):
        inside = [h for g, h in rows if g == group and h is not None]
        expected.append(merge(inside) if inside else None)
    assert [plain(h) for h in histograms_of(merged, coarsest)] == [plain(h) for h in expected]
    order = np.lexsort((merged.key, merged.row))
    assert order.tolist() == list(range(order.size))


@given(st.lists(st.none() | histograms, max_size=8))
def test_quantiles_of_many_at_once_equal_those_of_each(found: list[ExponentialHistogram | None]) -> None:
    bins, scales = bins_of(found)
    for row, histogram in zip(bin_quantiles(bins, scales, (0.5, 0.99)), found, strict=True):
        if histogram is None:
            assert np.isnan(row).all()
        else:
            np.testing.assert_allclose(row, quantiles(histogram, (0.5, 0.99)), rtol=1e-12)


@given(st.permutations(range(9)), st.lists(st.integers(1, 8), max_size=3))
def test_fragments_may_be_merged_in_any_order_and_grouping(order: list[int], cuts: list[int]) -> None:
    parts = [
        points_of([point(LATENCY, T0 + i * 7 * SECOND_NS + i, [float(i + 1), float(9 - i)], 6 - i % 3)], [3])
        for i in range(9)
    ]
    whole = collapse(concatenate(parts), MINUTE_NS)
    borders = [0, *sorted(set(cuts)), 9]
    groups = [
        collapse(concatenate([parts[i] for i in order[a:b]]), 10 * SECOND_NS) for a, b in pairwise(borders)
    ]
    again = reduce(lambda a, b: collapse(concatenate([a, b]), MINUTE_NS), groups)
    again = collapse(again, MINUTE_NS)
    for name in ROW.names or ():
        np.testing.assert_allclose(again.rows[name], whole.rows[name], rtol=1e-9, err_msg=name)
    for name in ("row", "key", "count"):
        assert getattr(again.bins, name).tolist() == getattr(whole.bins, name).tolist()


@pytest.mark.parametrize("n", [0, 1, 50, PACKED_MIN, 5_000])
def test_a_segment_comes_back_bit_for_bit(n: int) -> None:
    rng = np.random.default_rng(n)
    points = points_of(
        [
            point(LATENCY if i % 3 else LEVEL, T0 + i * SECOND_NS, rng.normal(0, 1e3, 1 + i % 4).tolist())
            for i in range(n)
        ],
        [i % 7 for i in range(n)],
    )
    packed, blob = encode_rows(points.rows)
    assert packed == (n >= PACKED_MIN)
    rows = np.empty(n, dtype=ROW)
    decode_rows(packed, blob, rows)
    assert rows.tobytes() == points.rows.tobytes()
    bins = decode_bins(encode_bins(points), rows)
    for name in ("row", "key", "count"):
        assert getattr(bins, name).tolist() == getattr(points.bins, name).tolist()


@given(st.lists(st.integers(1, 2**62), min_size=1, max_size=5))
def test_counts_of_any_size_survive(counts: list[int]) -> None:
    rows = np.zeros(1, dtype=ROW)
    rows["scale"] = 20
    key = np.cumsum(np.array([-(2**32), *[2**31] * (len(counts) - 1)], dtype=np.int64))
    bins = Bins(np.zeros(len(counts), dtype=np.int64), key, np.array(counts, dtype=np.int64))
    found = decode_bins(encode_bins(Points(rows, bins)), rows)
    assert (found.key.tolist(), found.count.tolist()) == (key.tolist(), counts)


@given(st.binary(max_size=300), st.booleans())
def test_bytes_that_were_never_written_are_damage(blob: bytes, packed: bool) -> None:
    rows = np.zeros(2, dtype=ROW)
    if not packed and len(blob) == rows.nbytes:
        return
    with pytest.raises(DamagedBlob):
        decode_rows(packed, blob, rows)
    with pytest.raises(DamagedBlob):
        decode_bins(blob, rows)


def test_values_near_the_largest_number_merge_without_a_warning() -> None:
    parts = [points_of([point(LATENCY, T0 + i, [1e300 * (i + 1)])], [1]) for i in range(3)]
    merged = collapse(concatenate(parts), SECOND_NS)
    assert merged.rows["count"].tolist() == [3]
    assert_same_histogram(
        histograms_of(merged.bins, merged.rows["scale"])[0],
        [point(LATENCY, T0, [1e300 * (i + 1)]) for i in range(3)],
    )
    assert merged.rows["scale"][0] != NO_HISTOGRAM


@given(st.integers(0, 3 * DAY_NS), st.integers(0, 3 * DAY_NS))
def test_a_cover_holds_every_second_of_its_window_once(a: int, b: int) -> None:
    start, end = T0 + min(a, b), T0 + max(a, b)
    found = sorted(cover(start, end, (0, 0, 0, 0)), key=lambda s: s.start_ns)
    first, last = -(-start // SECOND_NS) * SECOND_NS, -(-end // SECOND_NS) * SECOND_NS
    borders = [(s.start_ns, s.end_ns) for s in found]
    if first == last:
        assert borders == []
        return
    assert (borders[0][0], borders[-1][1]) == (first, last)
    assert all(before[1] == after[0] for before, after in pairwise(borders))
    assert all(t % LEVELS_NS[s.level] == 0 for s in found for t in (s.start_ns, s.end_ns))
    assert len(found) <= 7


@given(st.integers(0, 3 * DAY_NS), st.integers(0, 3 * DAY_NS), st.integers(0, 36), st.integers(0, 36))
def test_a_cover_asks_no_level_for_what_has_expired(a: int, b: int, fine: int, coarse: int) -> None:
    slots = (10 * MINUTE_NS, 2 * HOUR_NS, 12 * HOUR_NS)
    horizons = (T0 // slots[0] * slots[0] + max(fine, coarse) * HOUR_NS,)
    horizons += ((T0 + min(fine, coarse) * HOUR_NS) // slots[1] * slots[1], T0 // slots[2] * slots[2], 0)
    for stretch in cover(T0 + min(a, b), T0 + max(a, b), horizons):
        assert stretch.start_ns >= horizons[stretch.level] or stretch.level == 2
