"""The change watch: a monitor for each series that is followed, fed with its points as they arrive."""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.core.clock import DAY_NS, MINUTE_NS, SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.query import Frame
from homeostat.core.series import SeriesKey
from homeostat.judge.views.candidate import precedence
from homeostat.stats.change_monitor import WARM_UP, Change, ChangeMonitor, MonitorState

STEP_NS = 10 * SECOND_NS
"""The width of the buckets that are taken."""

LAG_NS = 15 * SECOND_NS
"""How long after its end a bucket is taken: what comes later is not seen."""

COUNTER_STEP_NS = MINUTE_NS
"""Counters are seen by the minute, as that is how often OpenTelemetry's are sent."""

POOLED_MIN = 10
"""Values of a histogram that make up one mean: buckets with fewer wait for the next ones."""

RUN_LENGTH = 500_000.0
"""What the monitors are set to: the run length that independent values have."""

RUN_LENGTH_TOLD = 100_000
"""Values of a steady series that pass, on average, until a change is told that is none: of values with an
autocorrelation of 0.5, the worst that was simulated (docs/decisions/0031)."""

FOLLOWED_MAX = 200
FORGOTTEN_NS = DAY_NS
"""A series without points for so long is followed no more."""

GAP_MAX_NS = 10 * MINUTE_NS
"""Of a counter that nothing was heard of for longer, the time between is not taken as zero."""

_TIMES_KEPT = 512
"""More than the values among which a monitor may place a change."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class NoticedChange:
    """A lasting change of a series' level, when it began, with the interval, and when it was certain."""

    key: SeriesKey
    change: Change
    at_ns: int
    low_ns: int
    high_ns: int
    noticed_ns: int


class FollowedState(msgspec.Struct, frozen=True):
    """A followed series as it is kept: all before `until_ns` was taken."""

    key: SeriesKey
    until_ns: int
    seen_ns: int
    pooled: tuple[int, float, int]
    times_ns: tuple[int, ...]
    monitor: MonitorState
    told: tuple[int, bool] | None = None


@dataclass(slots=True, eq=False)
class _Followed:
    key: SeriesKey
    until_ns: int
    seen_ns: int
    monitor: ChangeMonitor
    pooled_n: int = 0
    pooled_total: float = 0.0
    pooled_ns: int = 0
    count: int = 0
    told: tuple[int, bool] | None = None
    times_ns: deque[int] = field(default_factory=lambda: deque(maxlen=_TIMES_KEPT))

    def take(self, value: float, start_ns: int, end_ns: int) -> NoticedChange | None:
        """Take the next value.

        What the very first values tell is no change, but how a service warms up; nor is what lies in the
        interval of a change that was told, in the same direction: that is the same one.
        """
        self.times_ns.append(start_ns)
        self.count += 1
        change = self.monitor.update(value)
        if change is None or change.index < WARM_UP:
            return None
        at_ns, low_ns, high_ns = (self._time(i) for i in (change.index, change.low, change.high))
        rises = change.shift is not None and change.shift.difference > 0
        before, self.told = self.told, (high_ns, rises)
        if before is not None and before[1] == rises and low_ns <= before[0]:
            return None
        return NoticedChange(self.key, change, at_ns, low_ns, high_ns, end_ns)

    def _time(self, index: int) -> int:
        return self.times_ns[max(index - self.count + len(self.times_ns), 0)]

    def state(self) -> FollowedState:
        pooled = (self.pooled_n, self.pooled_total, self.pooled_ns)
        times_ns = tuple(self.times_ns)
        state = self.monitor.state()
        return FollowedState(self.key, self.until_ns, self.seen_ns, pooled, times_ns, state, self.told)


def _restored(state: FollowedState) -> _Followed:
    made = _Followed(state.key, state.until_ns, state.seen_ns, ChangeMonitor.restored(state.monitor))
    made.pooled_n, made.pooled_total, made.pooled_ns = state.pooled
    made.times_ns.extend(state.times_ns)
    made.count, made.told = state.monitor.count, state.told
    return made


class ChangeWatch:
    """Follows series, at most so many; further ones are left out, and `refused` counts them.

    Of a histogram the mean of at least `POOLED_MIN` values is followed, as that does not depend on how
    many there were, of a gauge its level each 10 s, of a counter its increase each minute, zero included
    while its service sends anything. One thread at a time.

    Guarantee and limits: those of `homeostat.stats.change_monitor` at `RUN_LENGTH`.
    Cost: about 10 us a value, so 1 us a series and second.
    """

    def __init__(
        self,
        kept: Collection[FollowedState] = (),
        followed_max: int = FOLLOWED_MAX,
        run_length: float = RUN_LENGTH,
    ) -> None:
        self._followed_max = followed_max
        self._run_length = run_length
        self._followed = {s.key: _restored(s) for s in list(kept)[:followed_max]}
        self.refused = 0

    @property
    def keys(self) -> frozenset[SeriesKey]:
        """The series that are followed."""
        return frozenset(self._followed)

    def since_ns(self, earliest_ns: int, usual_ns: int) -> int:
        """Return from when on points are needed: from where it stopped, but not before the earliest."""
        stopped = min((f.until_ns for f in self._followed.values()), default=usual_ns)
        return max(min(stopped, usual_ns), earliest_ns)

    def states(self) -> tuple[FollowedState, ...]:
        """Return all that it knows."""
        return tuple(f.state() for f in self._followed.values())

    def take(self, frames: Mapping[SeriesKey, Frame], now_ns: int) -> list[NoticedChange]:
        """Take what is new in frames of `STEP_NS`; return the changes that it makes certain."""
        self._follow(frames, now_ns)
        newest: dict[str, int] = {}
        for key, frame in frames.items():
            if frame.start_ns.size:
                service = key.get("service")
                newest[service] = max(newest.get(service, 0), int(frame.start_ns[-1]))
        told: list[NoticedChange] = []
        for key, one in self._followed.items():
            seen = frames.get(key)
            if seen is not None and seen.start_ns.size:
                one.seen_ns = max(one.seen_ns, int(seen.start_ns[-1]))
            if key.kind is Kind.COUNTER:
                told += _take_counter(one, seen, min(now_ns - LAG_NS, newest.get(key.get("service"), 0)))
            elif seen is not None:
                told += _take_levels(one, seen, now_ns - LAG_NS)
        return told

    def _follow(self, frames: Mapping[SeriesKey, Frame], now_ns: int) -> None:
        """Let go of what is silent, and begin with what is new, in the order in which it is told."""
        for key in [k for k, f in self._followed.items() if now_ns - f.seen_ns > FORGOTTEN_NS]:
            del self._followed[key]
        new = sorted(
            (k for k, f in frames.items() if f.start_ns.size and k not in self._followed),
            key=lambda k: (precedence(k), k),
        )
        room = max(self._followed_max - len(self._followed), 0)
        self.refused = len(new[room:])
        for key in new[:room]:
            first_ns = int(frames[key].start_ns[0])
            if key.kind is Kind.COUNTER:
                first_ns = (first_ns // COUNTER_STEP_NS + 1) * COUNTER_STEP_NS
            self._followed[key] = _Followed(key, first_ns, first_ns, ChangeMonitor(self._run_length))


def _take_levels(one: _Followed, frame: Frame, end_ns: int) -> list[NoticedChange]:
    told = []
    new = (frame.start_ns >= one.until_ns) & (frame.start_ns + STEP_NS <= end_ns)
    least = POOLED_MIN if one.key.kind is Kind.HISTOGRAM else 1
    for start_ns, n, mean in zip(
        frame.start_ns[new].tolist(), frame.count[new].tolist(), frame.mean[new].tolist(), strict=True
    ):
        if not one.pooled_n:
            one.pooled_ns = start_ns
        one.pooled_n += n
        one.pooled_total += n * mean
        one.until_ns = start_ns + STEP_NS
        if one.pooled_n >= least:
            found = one.take(one.pooled_total / one.pooled_n, one.pooled_ns, one.until_ns)
            one.pooled_n, one.pooled_total = 0, 0.0
            if found is not None:
                told.append(found)
    return told


def _take_counter(one: _Followed, frame: Frame | None, end_ns: int) -> list[NoticedChange]:
    """Take the increase a second of each whole minute; the time in which nothing at all was heard is none."""
    last_ns = end_ns // COUNTER_STEP_NS * COUNTER_STEP_NS
    if last_ns <= one.until_ns:
        return []
    starts = frame.start_ns if frame is not None else np.zeros(0, np.int64)
    if last_ns - one.until_ns > GAP_MAX_NS:
        heard = starts[starts >= one.until_ns]
        first_ns = int(heard[0]) if heard.size else last_ns
        one.until_ns = max(one.until_ns, first_ns // COUNTER_STEP_NS * COUNTER_STEP_NS)
    minutes = (last_ns - one.until_ns) // COUNTER_STEP_NS
    sums = np.zeros(max(minutes, 0))
    if frame is not None:
        slots = (starts - one.until_ns) // COUNTER_STEP_NS
        new = (starts >= one.until_ns) & (slots < sums.size)
        np.add.at(sums, slots[new], (frame.mean * frame.count)[new])
    told = []
    for total in (sums / (COUNTER_STEP_NS / SECOND_NS)).tolist():
        start_ns, one.until_ns = one.until_ns, one.until_ns + COUNTER_STEP_NS
        found = one.take(total, start_ns, one.until_ns)
        if found is not None:
            told.append(found)
    return told
