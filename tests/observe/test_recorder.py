"""Claims about the recorder: nothing lost, nothing doubled, everything odd counted."""

import math
import threading
import time
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.point import Moments, Point
from homeostat.core.series import SeriesKey
from homeostat.observe import recorder as module
from homeostat.observe.fold import MAGNITUDE_MAX, WINDOW
from homeostat.observe.recorder import Recorder
from homeostat.stats.sketch import count, sketch
from homeostat.testing.threads import eager_switching

SECOND = 1_000_000_000


def recorder(kind: Kind = Kind.HISTOGRAM) -> Recorder:
    return Recorder(SeriesKey.of("m", kind, "ms", {}))


def fold(series: Recorder, losses: Losses | None = None, end_s: int = 1) -> Point | None:
    return series.fold((end_s - 1) * SECOND, end_s * SECOND, losses or Losses())


@eager_switching()
def test_four_writers_and_a_folding_thread_neither_lose_nor_double_a_value() -> None:
    """Each writer records its own numbers once; their count, sum and sum of squares must come out whole."""
    series, losses = recorder(), Losses()
    writers, each = 4, 300_000
    begin = threading.Barrier(writers + 1)
    writing = threading.Event()
    points: list[Point] = []

    def write(first: int) -> None:
        record = series.handle.record  # type: ignore[union-attr]
        begin.wait()
        for start in range(first, first + each, 2_000):
            for value in range(start, start + 2_000):
                record(value)
            while len(series.buffer) > 20_000:
                time.sleep(0)  # let the folding thread in, so that there are many folds to race with

    def keep_folding() -> None:
        begin.wait()
        while not writing.is_set():
            point = fold(series, losses)
            if point is not None:
                points.append(point)

    threads = [threading.Thread(target=write, args=(1 + i * each,)) for i in range(writers)]
    folder = threading.Thread(target=keep_folding)
    for thread in (*threads, folder):
        thread.start()
    for thread in threads:
        thread.join()
    writing.set()
    folder.join()
    last = fold(series, losses)
    points += [last] if last is not None else []

    n = writers * each
    assert n >= 1_000_000
    assert len(points) >= 40
    assert sum(p.moments.count for p in points) == n
    assert sum(count(p.histogram) for p in points if p.histogram) == n
    assert round(sum(p.moments.total for p in points)) == n * (n + 1) // 2
    assert series.folded is not None
    assert series.folded.moments is not None
    assert series.folded.moments.count == n
    assert series.folded.moments.m2 == pytest.approx(n * (n * n - 1) / 12, rel=1e-9)
    assert (series.folded.moments.minimum, series.folded.moments.maximum) == (1.0, float(n))
    assert losses.totals() == {}


@eager_switching()
def test_the_race_moves_every_single_value_once() -> None:
    """The same with the values themselves: what the folds took is a permutation of what was recorded."""
    buffer: list[float] = []
    taken: list[float] = []
    done = threading.Event()

    def drain() -> None:
        while True:
            last_round = done.is_set()
            n = len(buffer)
            chunk = buffer[:n]
            del buffer[:n]
            taken.extend(chunk)
            if last_round:
                return

    def write(first: int) -> None:
        append = buffer.append
        for value in range(first, first + 100_000):
            append(value)

    drainer = threading.Thread(target=drain)
    writers = [threading.Thread(target=write, args=(i * 100_000,)) for i in range(4)]
    for thread in (drainer, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    drainer.join()
    assert len(taken) == 400_000
    assert sorted(taken) == list(range(400_000))


finite = st.floats(-1e100, 1e100)


@given(st.lists(st.lists(finite, max_size=50), min_size=1, max_size=8))
def test_folding_in_pieces_equals_folding_the_whole(chunks: list[list[float]]) -> None:
    series = recorder()
    for chunk in chunks:
        series.buffer.extend(chunk)
        fold(series)
    values = np.array([v for chunk in chunks for v in chunk])
    if not values.size:
        assert series.folded is None or series.folded.moments is None
        return
    assert series.folded is not None
    assert series.folded.moments is not None
    assert series.folded.histogram is not None
    scale = np.abs(values).max()
    assert series.folded.moments.count == values.size
    steps_of_denormals = float(np.finfo(np.float64).tiny)  # below it half a value may have no float
    assert series.folded.moments.mean == pytest.approx(
        values.mean(), rel=1e-9, abs=max(1e-12 * scale, steps_of_denormals)
    )
    assert series.folded.moments.m2 == pytest.approx(
        ((values - values.mean()) ** 2).sum(), rel=1e-7, abs=max(1e-12 * scale**2, steps_of_denormals)
    )
    assert (series.folded.moments.minimum, series.folded.moments.maximum) == (values.min(), values.max())
    assert series.folded.moments.last == values[-1]
    assert count(series.folded.histogram) == values.size
    assert np.array_equal(
        np.trim_zeros(series.folded.histogram.positive.counts), np.trim_zeros(sketch(values).positive.counts)
    )


@given(st.lists(st.integers(0, 700), max_size=8))
def test_the_window_is_the_last_thousand_values_in_order(sizes: list[int]) -> None:
    series, written = recorder(), []
    for size in sizes:
        chunk = [float(len(written) + i) for i in range(size)]
        series.buffer.extend(chunk)
        written += chunk
        fold(series)
    held = series.folded.window().tolist() if series.folded is not None else []
    assert held == written[-WINDOW:]


def test_a_chunk_larger_than_the_window_leaves_its_newest_values() -> None:
    series = recorder()
    series.buffer.extend(map(float, range(5 * WINDOW + 7)))
    fold(series)
    assert series.folded.window().tolist() == list(map(float, range(4 * WINDOW + 7, 5 * WINDOW + 7)))


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf"), 10**400, -(10**400)])
def test_what_is_not_finite_is_counted_and_dropped(odd: float) -> None:
    series, losses = recorder(), Losses()
    series.buffer.extend([1.0, odd, 2.0])
    point = fold(series, losses)
    assert point is not None
    assert (point.moments.count, point.moments.total) == (2, 3.0)
    assert sum(losses.totals().values()) == 1


@pytest.mark.parametrize("odd", ["", "x", b"x", None, [1.0], object(), 1j])
def test_what_is_no_number_is_counted_and_dropped(odd: object) -> None:
    series, losses = recorder(), Losses()
    series.buffer.extend([1.0, odd, 2.0])  # type: ignore[list-item]
    point = fold(series, losses)
    assert point is not None
    assert (point.moments.count, point.moments.total) == (2, 3.0)
    assert sum(losses.totals().values()) == 1


@pytest.mark.parametrize(
    "number", [7, True, np.float32(2.5), np.int64(3), Decimal("1.5"), Fraction(1, 4), "3.2"]
)
def test_every_kind_of_number_is_taken_even_beside_nonsense(number: object) -> None:
    series, losses = recorder(), Losses()
    series.buffer.extend([number, "nonsense"])  # type: ignore[list-item]
    point = fold(series, losses)
    assert point is not None
    assert point.moments.total == float(number)  # type: ignore[arg-type]
    assert losses.totals() == {"record.not_a_number": 1}


@pytest.mark.parametrize("huge", [1e151, -1.7e308, 2**1023])
def test_what_is_too_large_to_be_squared_is_counted_and_dropped(huge: float) -> None:
    series, losses = recorder(), Losses()
    series.buffer.extend([1.0, huge, 2.0])
    point = fold(series, losses)
    assert point is not None
    assert (point.moments.count, point.moments.maximum) == (2, 2.0)
    assert losses.totals() == {"record.too_large": 1}


def test_the_largest_values_that_are_taken_give_finite_moments() -> None:
    series = recorder()
    for sign in (1.0, -1.0, 1.0):
        series.buffer.extend([sign * MAGNITUDE_MAX] * 1_000)
        fold(series)
    assert series.folded is not None
    assert series.folded.moments is not None
    assert math.isfinite(series.folded.moments.m2)
    assert series.folded.moments.mean == pytest.approx(MAGNITUDE_MAX / 3)


def test_negatives_zeros_and_denormals_are_all_counted() -> None:
    series = recorder()
    series.buffer.extend([-3.0, 0.0, -0.0, 5e-324, 1e150])
    point = fold(series)
    assert point is not None
    assert point.histogram is not None
    assert count(point.histogram) == point.moments.count == 5
    assert point.histogram.zero_count == 3


def test_a_fold_of_nothing_is_no_point() -> None:
    series, losses = recorder(), Losses()
    assert fold(series) is None
    series.buffer.append(float("nan"))
    assert fold(series, losses) is None
    assert series.folded is None or series.folded.moments is None


def test_what_lies_beyond_the_bound_of_a_buffer_is_counted_and_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BUFFER_MAX", 10)
    series, losses = recorder(), Losses()
    series.buffer.extend(map(float, range(25)))
    point = fold(series, losses)
    assert point is not None
    assert point.moments.count == 10
    assert losses.totals() == {"record.buffer_full": 15}
    assert series.buffer == []


def test_the_rate_is_values_a_second_between_folds() -> None:
    series = recorder()
    fold(series, end_s=0)
    assert series.folded is not None
    assert math.isnan(series.folded.rate())
    for second in range(1, 6):
        series.buffer.extend([1.0] * 30)
        fold(series, end_s=second)
    assert series.folded.rate() == pytest.approx(30.0)


def test_the_rate_falls_when_nothing_more_comes() -> None:
    series = recorder()
    for second in range(1, 121):
        if second <= 60:
            series.buffer.append(1.0)
        fold(series, end_s=second)
    assert series.folded is not None
    assert series.folded.rate() == 0.0


@pytest.mark.parametrize(
    ("kind", "method"), [(Kind.HISTOGRAM, "record"), (Kind.COUNTER, "add"), (Kind.GAUGE, "set")]
)
def test_recording_is_the_append_of_the_buffer_itself(kind: Kind, method: str) -> None:
    series = recorder(kind)
    getattr(series.handle, method)(4.0)
    assert series.buffer == [4.0]
    assert getattr(series.handle, method).__self__ is series.buffer


def test_only_histograms_carry_a_sketch() -> None:
    for kind, has_sketch in ((Kind.HISTOGRAM, True), (Kind.COUNTER, False), (Kind.GAUGE, False)):
        series = recorder(kind)
        series.buffer.append(1.0)
        point = fold(series)
        assert point is not None
        assert (point.histogram is not None) is has_sketch


def test_moments_merge_in_any_grouping() -> None:
    parts = [Moments(1, v, 0.0, v, v, v) for v in (1e9 + 1, 1e9 + 2, 1e9 + 4)]
    left = parts[0].merge(parts[1]).merge(parts[2])
    right = parts[0].merge(parts[1].merge(parts[2]))
    assert left.variance == pytest.approx(7 / 3)
    assert right.variance == pytest.approx(7 / 3)
    assert left.last == right.last == 1e9 + 4
