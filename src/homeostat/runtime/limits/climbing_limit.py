"""The climbing limit: finds by itself how many calls at once a backend answers fastest in sum."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from homeostat.core.clock import SECOND_NS
from homeostat.runtime.limits.limit import Ended

DITHER = 1.15
"""The limit is tried by turns this much above and below where it stands."""

STEP_MAX, STEP_DOWN_MAX = 0.2, 0.4
"""The longest steps (logarithm) of a slice, up and down: too many calls do more harm than too few."""

GAVE_UP_MAX = 0.1
"""The share of a slice's calls that were given up above which the limit backs off at once. A backend often
goes on with what was given up, so that measuring first makes it worse."""

SPEED = 0.5
"""The share of the way to where the limit should be that one step goes."""

CURVATURE = 0.7
"""By how much the gain falls with each step of 1 (logarithm); near the peak of a scalability law .5 to 1."""

VARIANCE, DRIFT = 0.1, 0.003
"""The variance of the gain before anything was measured, and what each slice adds to it."""

OUTLIER = 3.0
"""What a measurement is cut to, in standard deviations: a backend changed between two slices."""

GAIN_MIN, GAIN_MIN_GUARDED = 0.1, 0.5
"""The gain that is asked for: where latency is within its target, and where it is beyond. At 0.5 throughput
over latency is at its best (Kleinrock's power, 1979)."""

LATE_LOW, LATE_HIGH = 0.02, 0.05
"""Shares of calls beyond the target between which the guard comes in; p95 is at the target at 0.05."""

GAIN_START = 0.3
"""The gain that is taken for granted before anything was measured."""

SAMPLES = 50
"""Calls in a slice, at least."""

BINDING_MIN = 0.8
"""The share of calls during which others have to wait, for a slice to tell anything of the limit."""

WEIGHT = 0.02
"""How much the last call counts in the means of latency and of what is beyond the target."""


@dataclass(slots=True)
class Slice:
    """What happened under one limit. Counted is from the first call that ended after `settled_ns`."""

    settled_ns: int
    first_ns: int = -1
    ended: int = 0
    succeeded: int = 0
    gave_up: int = 0
    binding: int = 0


class ClimbingLimit:
    """A limit that climbs the curve of throughput over concurrency (Kiefer and Wolfowitz, 1952).

    In slices of some latencies it lets a bit more and a bit fewer calls through by turns, compares how many
    succeeded a second, and moves to where the gain (d log throughput / d log concurrency) is as asked for. It
    learns only while calls wait for it, since otherwise the demand decides. It backs off by the share of
    calls that their callers gave up on.

    Where more than 5% of the calls take longer than `target_s` it gives up throughput for latency, but only
    as long as that is a bargain: a target out of reach does not shut it. `low` and `high` bound it and are
    read at each slice.

    Holds for backends whose throughput over concurrency has one peak or levels off. In overloads it
    comes to 91 to 97% of the throughput at the peak (docs/decisions/0062-limits.md). Cost: O(1) a call.
    """

    def __init__(
        self, start: int, low: Callable[[], int], high: Callable[[], int], target_s: float = math.inf
    ) -> None:
        self._low, self._high = low, high
        self._target_ns = target_s * SECOND_NS
        self._log = math.log(start)
        self._limit = start
        self._above = False
        self._gain = GAIN_START
        self._variance = VARIANCE
        self._late = 0.0
        self._latency_ns = 0.0
        self._before: tuple[float, float] | None = None
        self._slice = Slice(0)

    def now(self) -> int:
        """Return the limit in force."""
        return self._limit

    def ended(self, call: Ended) -> None:
        """Learn from a call; at the end of a slice, move."""
        self._latency_ns += (call.took_ns - self._latency_ns) * (WEIGHT if self._latency_ns else 1.0)
        self._late += ((call.took_ns > self._target_ns) - self._late) * WEIGHT
        here = self._slice
        if call.now_ns < here.settled_ns:
            return
        if here.first_ns < 0:
            here.first_ns = call.now_ns
            return
        here.ended += 1
        here.succeeded += call.ok
        here.gave_up += call.gave_up
        here.binding += call.binding
        elapsed_ns = call.now_ns - here.first_ns
        if here.gave_up > GAVE_UP_MAX * SAMPLES:
            self._back_off(here)
            self._begin_slice(call.now_ns)
        elif here.ended >= SAMPLES and elapsed_ns >= max(1.0, self._latency_ns):
            self._finish_slice(here, elapsed_ns)
            self._begin_slice(call.now_ns)

    def _back_off(self, here: Slice) -> None:
        """Lower the limit by the share of calls that were given up, at most to its half."""
        kept = max(0.5, 1.0 - here.gave_up / here.ended)
        self._log = min(self._log, math.log(self._limit)) + math.log(kept)
        self._before, self._above = None, False

    def _finish_slice(self, here: Slice, elapsed_ns: int) -> None:
        self._variance = min(VARIANCE, self._variance + DRIFT)
        if here.binding < BINDING_MIN * here.ended:
            self._before, self._above = None, True
        elif here.succeeded:
            point = (math.log(self._limit), math.log(here.succeeded / elapsed_ns))
            if self._before is not None and self._before[0] != point[0]:
                self._measure(point[0] - self._before[0], point[1] - self._before[1])
                self._move()
            self._before, self._above = point, not self._above

    def _measure(self, wider: float, faster: float) -> None:
        """Take in by how much concurrency and throughput of two slices differ, as logarithms (Kalman, 1960).

        The rate of a slice of n calls varies by 1 / n, two of them by 2 / n; since neighbouring pairs have
        a slice in common, that counts twice.
        """
        spread = wider * wider * self._variance + 4.0 / SAMPLES
        surprise, cut = faster - self._gain * wider, OUTLIER * math.sqrt(spread)
        share = self._variance * wider / spread
        self._gain += share * min(cut, max(-cut, surprise))
        self._variance *= 1.0 - share * wider

    def _move(self) -> None:
        """Go towards where the gain would be what is asked for."""
        guard = min(1.0, max(0.0, (self._late - LATE_LOW) / (LATE_HIGH - LATE_LOW)))
        asked = GAIN_MIN + (GAIN_MIN_GUARDED - GAIN_MIN) * guard
        step = min(STEP_MAX, max(-STEP_DOWN_MAX, SPEED * (self._gain - asked) / CURVATURE))
        self._log += step
        self._gain -= CURVATURE * step

    def _begin_slice(self, now_ns: int) -> None:
        low = self._low()
        high = max(low + 1, self._high())
        self._log = min(math.log(high), max(math.log(low), self._log))
        around = math.exp(self._log)
        below = max(low, min(high - 1, math.floor(around / DITHER)))
        self._limit = max(below + 1, min(high, math.ceil(around * DITHER))) if self._above else below
        self._slice = Slice(now_ns + round(self._latency_ns))  # those of before are mostly gone by then
