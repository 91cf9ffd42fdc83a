"""Claims about following series: what is told once, what is pooled, and what is not followed."""

import msgspec
import numpy as np
import pytest

from homeostat.core.clock import MINUTE_NS, SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.query import Frame
from homeostat.core.series import SeriesKey
from homeostat.judge.findings.change_watch import (
    FORGOTTEN_NS,
    LAG_NS,
    POOLED_MIN,
    RUN_LENGTH,
    RUN_LENGTH_TOLD,
    STEP_NS,
    ChangeWatch,
    FollowedState,
    NoticedChange,
)
from homeostat.stats.change_monitor import ChangeMonitor

T0 = 1_750_000_020 * SECOND_NS // MINUTE_NS * MINUTE_NS
LATENCY = SeriesKey("operation.duration", Kind.HISTOGRAM, "ms", (("operation", "a"), ("service", "web")))
TOKENS = SeriesKey("llm.tokens", Kind.COUNTER, "tokens", (("service", "web"), ("type", "input")))
LEVEL = SeriesKey("pool.size", Kind.GAUGE, "1", (("service", "web"),))


def frame(means: np.ndarray, n: int = 20, begin: int = 0, every_ns: int = STEP_NS) -> Frame:
    starts = T0 + (begin + np.arange(means.size)) * every_ns
    nan = np.full(means.size, np.nan)
    return Frame(starts, np.full(means.size, n), means, nan, means, means, means, nan, nan, nan, nan)


def stepped(seed: int, size: int = 400, at: int = 300, by: float = 5.0) -> np.ndarray:
    values = 100.0 + np.random.default_rng(seed).standard_normal(size)
    values[at:] += by
    return values


def watched(watch: ChangeWatch, key: SeriesKey, whole: Frame, looks: int = 80) -> list[NoticedChange]:
    """Show a frame to a watch as it grows, the newest five minutes at each look, past its end at the last."""
    told = []
    end_ns = int(whole.start_ns[-1]) + STEP_NS + LAG_NS + MINUTE_NS
    for now_ns in np.linspace(T0 + STEP_NS, end_ns, looks).astype(np.int64).tolist():
        since = watch.since_ns(T0, now_ns - 5 * MINUTE_NS)
        seen = (whole.start_ns >= since) & (whole.start_ns < now_ns)
        told += watch.take({key: Frame(*(getattr(whole, f)[seen] for f in Frame.__slots__))}, now_ns)
    return told


@pytest.mark.parametrize("looks", [10, 80, 1_000])
def test_a_change_is_told_once_however_often_one_looks(looks: int) -> None:
    (found,) = watched(ChangeWatch(), LATENCY, frame(stepped(1)), looks)
    assert found.low_ns <= T0 + 300 * STEP_NS <= found.high_ns
    assert found.noticed_ns - found.at_ns <= 60 * SECOND_NS
    assert found.change.shift is not None


def test_a_steady_series_is_not_told_and_a_gauge_is_followed_by_its_level() -> None:
    assert watched(ChangeWatch(), LEVEL, frame(stepped(2, by=0.0), n=1)) == []
    (found,) = watched(ChangeWatch(), LEVEL, frame(stepped(2), n=1))
    assert found.key == LEVEL


def test_how_a_service_warms_up_is_no_change() -> None:
    values = np.concatenate((np.full(6, 900.0), stepped(3, by=0.0)))
    assert watched(ChangeWatch(), LATENCY, frame(values)) == []


def test_calls_that_get_fewer_are_no_change_of_their_mean() -> None:
    """A p95 of two calls is lower than one of a hundred; means of ten calls at least stay."""
    rng = np.random.default_rng(4)
    counts = np.where(np.arange(900) < 450, 50, 2)
    means = np.array([rng.lognormal(4.0, 1.0, n).mean() for n in counts])
    whole = frame(means)
    whole = Frame(whole.start_ns, counts, *(getattr(whole, f) for f in Frame.__slots__[2:]))
    assert POOLED_MIN == 10
    assert watched(ChangeWatch(), LATENCY, whole) == []


def test_a_counter_is_followed_by_the_minute_and_silence_is_zero_while_the_service_is_heard() -> None:
    rng = np.random.default_rng(5)
    tokens = frame(rng.poisson(600.0, 90).astype(float), n=1, every_ns=MINUTE_NS)
    alive = frame(np.full(1_000, 100.0))
    watch, told = ChangeWatch(), []
    for minute in range(1, 130):
        now_ns = T0 + minute * MINUTE_NS
        frames = {}
        for key, whole in ((TOKENS, tokens), (LATENCY, alive)):
            seen = (whole.start_ns >= now_ns - 5 * MINUTE_NS) & (whole.start_ns < now_ns)
            frames[key] = Frame(*(getattr(whole, f)[seen] for f in Frame.__slots__))
        told += watch.take(frames, now_ns)
    (found,) = told
    assert found.key == TOKENS
    assert found.low_ns <= T0 + 90 * MINUTE_NS <= found.high_ns
    assert found.change.shift is not None
    assert found.change.shift.after == 0.0
    assert abs(found.change.shift.before - 10.0) < 0.5


def test_where_a_service_falls_silent_altogether_its_counters_are_not_taken_as_zero() -> None:
    tokens = frame(np.random.default_rng(6).poisson(600.0, 90).astype(float), n=1, every_ns=MINUTE_NS)
    watch = ChangeWatch()
    told = watched(watch, TOKENS, tokens, looks=90)
    for minute in range(92, 200):
        told += watch.take({}, T0 + minute * MINUTE_NS)
    assert told == []


@pytest.mark.parametrize("stop", [50, 299, 302, 350])
def test_what_is_kept_goes_on_as_if_nothing_had_been(stop: int) -> None:
    whole = frame(stepped(7))
    first = ChangeWatch()
    seen = whole.start_ns < T0 + stop * STEP_NS
    part = Frame(*(getattr(whole, f)[seen] for f in Frame.__slots__))
    told = watched(first, LATENCY, part, looks=40)
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(first.states()), type=tuple[FollowedState, ...])
    told += watched(ChangeWatch(kept), LATENCY, whole, looks=40)
    assert told == watched(ChangeWatch(), LATENCY, whole)


def test_only_so_many_series_are_followed_whole_operations_first_and_the_rest_is_counted() -> None:
    keys = [
        SeriesKey("operation.duration", Kind.HISTOGRAM, "ms", (("operation", f"{n}"), ("service", "web")))
        for n in ("a.b.c", "a.b", "a", "b.c", "b")
    ]
    watch = ChangeWatch(followed_max=2)
    watch.take({k: frame(np.full(5, 1.0)) for k in keys}, T0 + MINUTE_NS)
    assert {k.get("operation") for k in watch.keys} == {"a", "b"}
    assert watch.refused == 3


def test_a_series_that_fell_silent_makes_room_after_a_day() -> None:
    watch = ChangeWatch(followed_max=1)
    watch.take({LATENCY: frame(np.full(5, 1.0))}, T0 + MINUTE_NS)
    later = frame(np.full(5, 1.0), begin=(FORGOTTEN_NS + MINUTE_NS) // STEP_NS)
    watch.take({LEVEL: later}, int(later.start_ns[-1]) + MINUTE_NS)
    assert watch.keys == {LEVEL}


@pytest.mark.long
def test_of_a_steady_series_a_change_is_told_no_more_often_than_is_said() -> None:
    """With an autocorrelation of 0.5, 15 false ones are expected of 1.5 million values at the most."""
    rng, told = np.random.default_rng(8), 0
    for _ in range(10):
        values = rng.standard_normal(150_000)
        for i in range(1, values.size):
            values[i] += 0.5 * values[i - 1]
        monitor = ChangeMonitor(RUN_LENGTH)
        told += sum(monitor.update(v) is not None for v in values.tolist())
    assert told <= 1.5e6 / RUN_LENGTH_TOLD + 2.0 * (1.5e6 / RUN_LENGTH_TOLD) ** 0.5
