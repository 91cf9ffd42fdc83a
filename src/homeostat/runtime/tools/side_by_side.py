"""Side by side: how much longer calls take when others run beside them, by how many and by which."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from homeostat.core.errors import ConfigError
from homeostat.core.interval import Interval
from homeostat.runtime.tools.busy import Company
from homeostat.stats.difference import difference
from homeostat.stats.mean_sequence import MeanSequence

EDGES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""Widths at which slower is told from not slower: up to so many against more."""

TOOLS_MAX = 200
PAIRS_MAX = 1_000
PAIR_CONFIDENCE = 0.999
"""Pairs are many: of fifty without any effect at most one in twenty times is told."""

APART, TOGETHER = 0.1, 0.5
"""Shares of a call's time that another tool ran beside it: below, it ran alone; above, together."""

TYPICAL_KEEP = 0.98
TOLD_FROM = 0.02
"""A difference is told where it is surely more than this share."""


@dataclass(frozen=True, slots=True)
class Width:
    """How calls do at a number of calls at once: `slower` is their duration's ratio to that of calls alone
    less 1, `speed_up` how much more is done in a time than one by one. None where it is not known yet."""

    at_once: int
    calls: int
    slower: Interval | None
    speed_up: Interval | None


@dataclass(frozen=True, slots=True)
class Finding:
    """That calls take longer, or less long, in some company; `ratio` is that to the others, less 1."""

    words: str
    ratio: Interval
    calls: int


class SideBySide:
    """Learns from durations of calls, each with how many and which ran beside it.

    Durations are compared as logarithms, each with what is typical of its tool, so that tools of any speed
    count alike and a mix of tools that changes with the width misleads nobody.

    Guarantee: an interval's is that of `difference` of two `MeanSequence`s, at all looks together, for the
    calls that ran: they are not assigned at random, so that what comes with width (a busy hour) is counted as
    its effect; a trial of the width's knob tells the two apart. Cost: some 10 us a call and 10 ms a look.
    Bounded to 200 tools and 1,000 pairs; those beyond are left out.
    """

    def __init__(self) -> None:
        self._typical: dict[str, float] = {}
        self._at: dict[int, MeanSequence] = {}
        self._pairs: dict[tuple[str, str], tuple[MeanSequence, MeanSequence]] = {}
        self.left_out = 0

    def expected_s(self, tool: str) -> float:
        """Return how long calls of a tool typically take, 1 s while nothing is known of it."""
        return math.exp(self._typical.get(tool, 0.0))

    def learn(self, tool: str, took_s: float, company: Company) -> None:
        """Take in a call: how long it took, and what ran beside it."""
        if not took_s > 0.0:
            raise ConfigError(f"a call of {tool!r} takes some time, not {took_s!r} s")
        log_s = math.log(took_s)
        typical = self._typical.get(tool)
        if typical is None:
            if len(self._typical) >= TOOLS_MAX:
                self.left_out += 1
                return
            self._typical[tool] = log_s
            return
        ratio = log_s - typical
        self._typical[tool] = typical + (1.0 - TYPICAL_KEEP) * ratio
        edge = _edge(company.width)
        of_width = self._at.get(edge)
        if of_width is None:
            of_width = self._at[edge] = MeanSequence()
        of_width.add(ratio)
        self._learn_pairs(tool, ratio - of_width.estimate, company)

    def _learn_pairs(self, tool: str, ratio: float, company: Company) -> None:
        """Compare what is not explained by the width, so that a pair is not blamed for a crowd."""
        for other in self._typical:
            share = company.beside.get(other, 0.0)
            if APART < share < TOGETHER:
                continue
            pair = (tool, other)
            if pair not in self._pairs:
                if share <= APART or len(self._pairs) >= PAIRS_MAX:
                    continue
                self._pairs[pair] = (MeanSequence(PAIR_CONFIDENCE), MeanSequence(PAIR_CONFIDENCE))
            self._pairs[pair][share >= TOGETHER].add(ratio)

    def widths(self) -> tuple[Width, ...]:
        """Return how calls do by their number at once, the narrow first."""
        alone = self._at.get(EDGES[0])
        found = []
        for edge in sorted(self._at):
            here = self._at[edge]
            apart = None if alone is None or edge == EDGES[0] else difference(here, alone)
            slower = speed_up = None
            if apart is not None:
                slower = _ratio(apart)
                speed_up = Interval(edge / (1 + slower.high), edge / (1 + slower.low), apart.confidence)
            found.append(Width(edge, here.n, slower, speed_up))
        return tuple(found)

    def findings(self) -> tuple[Finding, ...]:
        """Return what is surely so: from which width on calls take longer, and which tools do together."""
        found = []
        crowded = []
        for edge in sorted(self._at):
            narrow = _merged(at for width, at in self._at.items() if width <= edge)
            wide = _merged(at for width, at in self._at.items() if width > edge)
            apart = difference(wide, narrow)
            if apart is not None:
                words = f"more than {edge} at once: {_share(wide, narrow)} slower"
                crowded.append(Finding(words, _ratio(apart), wide.n))
        worst = max(crowded, key=lambda finding: finding.ratio.low, default=None)
        if worst is not None and worst.ratio.low > TOLD_FROM:
            found.append(worst)
        for (tool, other), (alone, together) in self._pairs.items():
            apart = difference(together, alone)
            if apart is None:
                continue
            ratio = _ratio(apart)
            if ratio.low > TOLD_FROM or ratio.high < -TOLD_FROM:
                how = "slower" if ratio.low > 0.0 else "faster"
                words = f"{tool} beside {other}: {_share(together, alone)} {how}"
                found.append(Finding(words, ratio, together.n))
        return tuple(found)


def _edge(width: float) -> int:
    """Return the width as which it counts: the largest of `EDGES` that it reaches, rounded."""
    return max((edge for edge in EDGES if edge <= width + 0.5), default=EDGES[0])


def _merged(parts: Iterable[MeanSequence]) -> MeanSequence:
    found = MeanSequence()
    for part in parts:
        found.merge(part)
    return found


def _ratio(apart: Interval) -> Interval:
    return Interval(math.expm1(apart.low), math.expm1(apart.high), apart.confidence)


def _share(one: MeanSequence, other: MeanSequence) -> str:
    return f"{abs(math.expm1(one.estimate - other.estimate)):.0%}"
