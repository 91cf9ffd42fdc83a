"""The contract of points: each level and each window holds exactly what was written."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.point import Point
from homeostat.core.query import LEVELS_NS, FrameQuery, Retention, SeriesQuery, SizeQuery, Store, TotalQuery
from homeostat.core.series import SeriesKey
from homeostat.testing.store_contract.comparing import assert_frame, assert_moments, assert_same_histogram
from homeostat.testing.store_contract.opening import Opening
from homeostat.testing.store_contract.samples import LATENCY, LEVEL, OTHER_LATENCY, SERIES, T0, point

Write = tuple[SeriesKey, int, list[float], int]
KEEP_ALL = Retention(levels_ns=(30 * DAY_NS,) * 4)
values_strategy = st.lists(
    st.one_of(
        st.just(0.0),
        st.floats(1e-3, 1e6),
        st.floats(-1e4, -1e-3),
    ),
    min_size=1,
    max_size=5,
)
write_strategy = st.tuples(
    st.sampled_from(SERIES), st.integers(0, 7_500), values_strategy, st.sampled_from((6, 6, 3, 0))
)
action_strategy = st.one_of(
    st.lists(write_strategy, min_size=1, max_size=6),
    st.integers(0, 3 * 3_600).map(lambda s: T0 + s * SECOND_NS),
)


class PointsContract(Opening):
    """What every store must do with points."""

    def test_any_interleaving_of_writes_and_upkeep_reads_as_the_direct_merge(self) -> None:
        @settings(max_examples=self.examples, deadline=None)
        @given(st.lists(action_strategy, min_size=1, max_size=10), st.tuples(*[st.integers(-10, 7_600)] * 2))
        def holds(actions: list[int | list[Write]], window: tuple[int, int]) -> None:
            written: list[Point] = []
            with self.open_empty(KEEP_ALL) as store:
                for action in actions:
                    if isinstance(action, int):
                        store.maintain(action)
                        continue
                    # The nanosecond makes the newest value of a bucket unambiguous.
                    batch = tuple(
                        point(series, T0 + second * SECOND_NS + len(written) + i, values, scale)
                        for i, (series, second, values, scale) in enumerate(action)
                    )
                    store.write(Batch(points=batch))
                    written += batch
                self._assert_holds(store, written, *(T0 + s * SECOND_NS for s in sorted(window)))

        holds()

    def _assert_holds(self, store: Store, written: list[Point], start_ns: int, end_ns: int) -> None:
        for level_ns in LEVELS_NS:
            frames = store.read(FrameQuery(T0, T0 + 3 * HOUR_NS, level_ns))
            assert set(frames) == {p.series for p in written}
            for series, frame in frames.items():
                assert_frame(frame, level_ns, [p for p in written if p.series == series])
        inside = [p for p in written if start_ns <= p.start_ns // SECOND_NS * SECOND_NS < end_ns]
        totals = store.read(TotalQuery(start_ns, end_ns))
        assert set(totals) == {p.series for p in inside}
        assert store.read(SeriesQuery(start_ns, end_ns)) == tuple(sorted(totals))
        for series, total in totals.items():
            parts = [p for p in inside if p.series == series]
            assert_moments(total.moments, parts)
            assert_same_histogram(total.histogram, parts)

    def test_upkeep_twice_at_one_time_finds_nothing_left_to_do(self) -> None:
        with self.open_empty(Retention()) as store:
            for second in range(130):
                store.write(Batch(points=(point(LATENCY, T0 + second * SECOND_NS, [1.0, 2.0]),)))
            now_ns = T0 + 2 * HOUR_NS
            assert store.maintain(now_ns).rolled_up > 0
            before = store.read(SizeQuery())
            again = store.maintain(now_ns)
            assert (again.rolled_up, again.expired_points) == (0, 0)
            assert store.read(SizeQuery()) == before

    def test_what_was_written_is_read_at_once_at_every_level(self) -> None:
        written = [point(LATENCY, T0 + s * SECOND_NS, [float(s + 1)]) for s in range(75)]
        with self.open_empty(Retention()) as store:
            for p in written:
                store.write(Batch(points=(p,)))
                frame = store.read(FrameQuery(T0, T0 + HOUR_NS, HOUR_NS))[LATENCY]
                assert frame.last.tolist() == [p.moments.last]
            for level_ns in LEVELS_NS:
                assert_frame(store.read(FrameQuery(T0, T0 + HOUR_NS, level_ns))[LATENCY], level_ns, written)

    def test_fine_buckets_expire_and_totals_fall_back_to_coarser_ones(self) -> None:
        day = [point(LATENCY, T0 + s * SECOND_NS, [float(1 + s % 7)]) for s in range(0, 24 * 3600, 300)]
        with self.open_empty(Retention()) as store:
            store.write(Batch(points=tuple(day)))
            store.maintain(T0 + 25 * HOUR_NS)
            store.maintain(T0 + 3 * DAY_NS)
            old = (T0, T0 + HOUR_NS)
            assert store.read(FrameQuery(*old, LEVELS_NS[0])) == {}
            assert store.read(FrameQuery(*old, LEVELS_NS[1])) == {}
            assert_frame(store.read(FrameQuery(*old, MINUTE_NS))[LATENCY], MINUTE_NS, day[:12])
            # Half a minute off: the minute that begins before the window is left out, the last counts whole.
            ragged = store.read(TotalQuery(T0 + 30 * SECOND_NS, T0 + 20 * MINUTE_NS + SECOND_NS))[LATENCY]
            assert_moments(ragged.moments, day[1:5])
            store.maintain(T0 + 20 * DAY_NS)
            assert store.read(FrameQuery(*old, MINUTE_NS)) == {}
            assert_moments(store.read(TotalQuery(T0, T0 + DAY_NS))[LATENCY].moments, day)
            assert_same_histogram(store.read(TotalQuery(T0, T0 + DAY_NS))[LATENCY].histogram, day)
            store.maintain(T0 + 60 * DAY_NS)
            assert store.read(TotalQuery(T0, T0 + DAY_NS)) == {}
            assert store.read(SizeQuery()).points == 0

    def test_a_series_that_was_forgotten_begins_anew(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(Batch(points=(point(LATENCY, T0, [1.0]),)))
            later = T0 + 100 * DAY_NS
            store.maintain(later)
            assert store.read(SizeQuery()).series == 0
            new = point(LATENCY, later, [2.0])
            store.write(Batch(points=(new,)))
            assert_moments(store.read(TotalQuery(0, later + DAY_NS))[LATENCY].moments, [new])

    def test_a_series_that_is_written_again_after_a_long_time_is_not_forgotten(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(Batch(points=(point(LATENCY, T0, [1.0]),)))
            later = T0 + 100 * DAY_NS
            new = point(LATENCY, later, [2.0])
            store.write(Batch(points=(new,)))
            store.maintain(later)
            assert_moments(store.read(TotalQuery(later, later + DAY_NS))[LATENCY].moments, [new])

    def test_queries_choose_series_by_metric_attributes_and_window(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(
                Batch(points=tuple(point(s, T0 + i * MINUTE_NS, [1.0]) for i, s in enumerate(SERIES)))
            )
            window = (T0, T0 + HOUR_NS)
            assert store.read(SeriesQuery(*window)) == tuple(sorted(SERIES))
            assert store.read(SeriesQuery(*window, metric="llm.duration")) == (LATENCY, OTHER_LATENCY)
            assert store.read(SeriesQuery(*window, attributes={"service": "web"})) == (
                LATENCY,
                OTHER_LATENCY,
                LEVEL,
            )
            assert store.read(SeriesQuery(T0 + MINUTE_NS, T0 + 2 * MINUTE_NS)) == (OTHER_LATENCY,)
            assert store.read(SeriesQuery(*window, metric="unknown")) == ()
            assert set(store.read(TotalQuery(*window, attributes={"model": "n"}))) == {OTHER_LATENCY}
            assert set(store.read(FrameQuery(*window, SECOND_NS, metric="memory.rss"))) == {LEVEL}

    def test_the_size_says_what_is_kept_and_how_well_it_is_compressed(self) -> None:
        rng = np.random.default_rng(5)
        with self.open_empty(Retention()) as store:
            store.write(
                Batch(
                    points=tuple(
                        point(LATENCY, T0 + s * SECOND_NS, rng.lognormal(size=50).tolist())
                        for s in range(300)
                    )
                )
            )
            size = store.read(SizeQuery())
            assert (size.points, size.series) == (300, 1)
            assert size.bytes > 0
            assert size.raw_bytes == 0 or size.compressed_bytes < size.raw_bytes
