"""The rhythm: when in the week a person comes, and how long they are usually silent."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
WEEK_HOURS = 168
WEEK_US = WEEK_HOURS * HOUR_US
_MONDAY_US = 4 * 24 * HOUR_US
"""The epoch was a Thursday: the first Monday came four days later."""

PAUSES_MAX = 4_096
"""Pauses that are remembered: the rhythm is that of as many messages, and changes with the person."""

PAUSES_MIN = 12
"""With fewer pauses of a kind none of them is called unusual."""

PAUSES_FEW = 30
SCALE_FEW = 0.7
"""With fewer than that many pauses of a kind, the scale of their logarithms is at least this: by so few it is
not known yet whether a week has two kinds of days, and only what is far beyond all others is unusual.
"""

_BINS = 64
_MOST = 0.8
_PRIOR_VISITS = 24.0
"""Visits spread evenly over the week that the hours begin with: one hour needs some weeks to stand out."""


def week_hour(local_us: Ints) -> Floats:
    """Return hours since Monday, 0 o'clock, 0 to 168.

    >>> week_hour(np.array([0])).tolist()
    [72.0]
    """
    return ((local_us - _MONDAY_US) % WEEK_US) / HOUR_US


class Rhythm(msgspec.Struct, frozen=True, array_like=True):
    """The last pauses between a person's messages, whoever wrote them, in the order of arrival.

    `begins` are in local time, `begins` and `lengths` in microseconds; `afters` are the seqs of the messages
    that ended them, `stays` whether in the talk of the message before. `ended` counts all pauses ever.
    `latest_us` is the latest moment of a message so far: one that arrives with an earlier time (a clock that
    went back, an import) ends no pause.
    """

    begins: Ints
    lengths: Ints
    afters: Ints
    stays: NDArray[np.bool_]
    ended: int = 0
    latest_us: int = 0
    offset_min: int = 0
    talk: str = ""


_NONE = np.empty(0, dtype=np.int64)
NO_RHYTHM = Rhythm(_NONE, _NONE, _NONE, np.empty(0, dtype=np.bool_))


def followed(rhythm: Rhythm, messages: Sequence[Message]) -> Rhythm:
    """Return the rhythm after more messages, in the order of their seqs."""
    if not messages:
        return rhythm
    at = np.array([m.at_us for m in messages], dtype=np.int64)
    offset = np.array([m.offset_min for m in messages], dtype=np.int64) * MINUTE_US
    talks = [rhythm.talk, *(m.talk for m in messages)]
    stays = np.array([one == other for one, other in pairwise(talks)])
    first = rhythm.latest_us or int(at[0])
    latest = np.maximum.accumulate(np.concatenate(([first], at)))
    before = latest[:-1]
    ended = np.flatnonzero(at > before)
    afters = np.array([m.seq for m in messages], dtype=np.int64)[ended]

    def joined(old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate((old, new))[-PAUSES_MAX:]

    return Rhythm(
        joined(rhythm.begins, (before + offset)[ended]),
        joined(rhythm.lengths, (at - before)[ended]),
        joined(rhythm.afters, afters),
        joined(rhythm.stays, stays[ended]),
        rhythm.ended + ended.size,
        int(latest[-1]),
        messages[-1].offset_min,
        messages[-1].talk,
    )


_Z90 = 1.2815515655446004


@dataclass(frozen=True, slots=True)
class Spread:
    """How numbers above zero are spread: sorted, with their median and the scale of their upper half."""

    ordered: Floats
    log_median: float
    log_scale: float

    @classmethod
    def of(cls, values: Floats) -> "Spread":
        """Return how `values` are spread."""
        ordered = np.sort(values)
        if not ordered.size:
            return cls(ordered, 0.0, 0.0)
        median, high = (
            math.log(max(float(ordered[int(share * (ordered.size - 1))]), 1e-9)) for share in (0.5, 0.9)
        )
        scale = (high - median) / _Z90
        return cls(ordered, median, max(scale, SCALE_FEW) if ordered.size < PAUSES_FEW else scale)

    @property
    def known(self) -> bool:
        """Whether there are enough of them to call one unusual."""
        return self.ordered.size >= PAUSES_MIN and self.log_scale > 0.0


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What is usual for a person, from their rhythm.

    A pause within a running talk is a turn, one between talks a silence: by the talks' names where those
    change with the long pauses (`named`), else by the length, up to `turn_us`. Silences are measured in
    visits: how many times the person would usually have come in that time (`visits_by_hour`, 168 numbers a
    week from Monday on, local time). `turns` and `silences` say how both are spread.
    """

    named: bool
    turn_us: float
    visits_by_hour: Floats
    turns: Spread
    silences: Spread


def expected_visits(visits_by_hour: Floats, begin_local_us: Ints, length_us: Ints) -> Floats:
    """Return how many visits were to be expected in silences."""
    reached = np.concatenate(([0.0], np.cumsum(visits_by_hour)))
    hours = np.arange(WEEK_HOURS + 1.0)
    begin = week_hour(begin_local_us)
    weeks, rest = np.divmod(begin + length_us / HOUR_US, WEEK_HOURS)
    until = weeks * reached[-1] + np.interp(rest, hours, reached)
    return np.asarray(until - np.interp(begin, hours, reached))


def yardstick(rhythm: Rhythm) -> Yardstick:
    """Return what is usual by a rhythm. Cost: 0.2 ms."""
    turn_us = _valley_us(rhythm.lengths)
    silent = rhythm.lengths > turn_us
    named = bool(silent.any() and _mostly(~rhythm.stays[silent]) and _mostly(rhythm.stays[~silent]))
    if named:
        silent = ~rhythm.stays
    returns = (rhythm.begins + rhythm.lengths)[silent]
    by_hour = np.bincount(week_hour(returns).astype(np.int64), minlength=WEEK_HOURS).astype(np.float64)
    by_hour += (np.roll(by_hour, 1) + np.roll(by_hour, -1)) / 2.0
    share = (by_hour / 2.0 + _PRIOR_VISITS / WEEK_HOURS) / (returns.size + _PRIOR_VISITS)
    weeks = max(float(rhythm.lengths.sum()) / WEEK_US, 1.0 / WEEK_HOURS)
    rate = share * returns.size / weeks
    visits = expected_visits(rate, rhythm.begins[silent], rhythm.lengths[silent])
    turns = Spread.of(rhythm.lengths[~silent].astype(np.float64))
    return Yardstick(named, turn_us, rate, turns, Spread.of(visits))


def _mostly(flags: NDArray[np.bool_]) -> bool:
    return bool(flags.mean() >= _MOST) if flags.size else False


def _valley_us(lengths: Ints) -> float:
    """Return the length that parts pauses within talks from silences between them.

    The split of the logarithms with the most variance between both sides (Otsu, IEEE Trans. SMC 9, 1979).
    """
    if lengths.size < 2:
        return math.inf
    logs = np.log(lengths.astype(np.float64))
    counts, edges = np.histogram(logs, bins=_BINS)
    share = np.cumsum(counts)[:-1] / logs.size
    mean = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2.0)[:-1] / logs.size
    whole = float((counts * (edges[:-1] + edges[1:]) / 2.0).sum()) / logs.size
    between = (whole * share - mean) ** 2 / np.maximum(share * (1.0 - share), 1e-12)
    best = np.flatnonzero(between >= between.max() * (1.0 - 1e-9))
    return math.exp((edges[best[0] + 1] + edges[best[-1] + 1]) / 2.0)
