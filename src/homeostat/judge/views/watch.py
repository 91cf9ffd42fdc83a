"""The watch: chosen series with thresholds of their own, and how each stands to them now."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from homeostat.core.clock import MINUTE_NS, SECOND_NS
from homeostat.core.series import Attributes
from homeostat.core.target import Amount, Side
from homeostat.judge.targets.limit import State
from homeostat.judge.targets.statistic import EXACT, Statistic
from homeostat.judge.targets.verdict import Estimate, decide, unknown_words
from homeostat.judge.views.overview import OverviewRow


class Level(StrEnum):
    """How a series stands to its thresholds; the worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    UNKNOWN = "not known yet"
    WITHIN = "within"
    FREE = "no threshold"


KNOWN = (Level.CRITICAL, Level.WARNING, Level.WITHIN)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound as a person wrote it. `above` says where the bad values lie; None: as the metric says."""

    amount: Amount
    above: bool | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One choice of series: all of a metric that have these attributes. No statistic: the catalogue's."""

    metric: str
    attributes: Attributes = ()
    statistic: str = ""
    warn: Threshold | None = None
    critical: Threshold | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What is looked at: the series, how often, and over how long each value is.

    `only` are attributes that every series must have, such as the session of one person.
    """

    asked: tuple[Asked, ...] = ()
    every_ns: int = 2 * SECOND_NS
    over_ns: int = MINUTE_NS
    only: Attributes = ()


@dataclass(frozen=True, slots=True)
class Bounds:
    """The thresholds of one series in its own unit, with their words; `above`: the bad values lie above."""

    above: bool
    warn: float | None
    critical: float | None
    warn_words: str
    critical_words: str


@dataclass(frozen=True, slots=True)
class WatchRow:
    """One series that is watched."""

    row: OverviewRow
    level: Level
    words: str
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Crossing:
    """A series went from one level to another. `before` is None for one that was first seen beyond."""

    at_ns: int
    key: str
    before: Level | None
    level: Level
    value_words: str
    words: str


@dataclass(frozen=True, slots=True)
class SeenTrace:
    """A kept trace with the attributes that a watch is limited to."""

    trace_id: str
    operation: str
    start_ns: int
    duration_ns: int
    errors: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What a watch shows now, and what was crossed since it is looked at, the newest first.

    `traces` are kept ones that carry all of `only`. `notes` say what cannot be shown, and why.
    """

    words: str
    query: str
    every_s: float
    over_s: float
    began_ns: int
    rows: tuple[WatchRow, ...]
    rows_left_out: int
    crossings: tuple[Crossing, ...]
    crossings_dropped: int
    traces: tuple[SeenTrace, ...]
    notes: tuple[str, ...]


def level_of(found: Statistic, n: int, bounds: Bounds) -> tuple[Level, str]:
    """Return how a statistic stands to its thresholds, and the words: decided as every limit is.

    A threshold is crossed when the whole interval lies beyond it.
    """
    if bounds.warn is None and bounds.critical is None:
        return Level.FREE, Level.FREE.value
    seen = Estimate(
        found.value, found.interval, n, found.method, exact=found.name in EXACT, needs=found.needs
    )
    side = Side.AT_MOST if bounds.above else Side.AT_LEAST
    unknown = ""
    for level, bound in ((Level.CRITICAL, bounds.critical), (Level.WARNING, bounds.warn)):
        if bound is None:
            continue
        state, needs = decide(seen, side, bound)
        if state is State.VIOLATED:
            return level, f"{'above' if bounds.above else 'below'} {level.value}"
        if state is State.UNKNOWN:
            unknown = unknown_words(needs)
    return (Level.UNKNOWN, unknown) if unknown else (Level.WITHIN, Level.WITHIN.value)


def crossing_of(before: Level | None, now: WatchRow, at_ns: int) -> Crossing | None:
    """Return what was crossed since the level that was known last; None where nothing was.

    What is not known yet crosses nothing, and neither does what was within when it was first seen.
    """
    level = now.level
    if level not in KNOWN or level is before or (before is None and level is Level.WITHIN):
        return None
    bounds, row = now.bounds, now.row
    told = {Level.CRITICAL: bounds.critical_words, Level.WARNING: bounds.warn_words}.get(level, "")
    since = "" if before is None else f", was {before.value}"
    beyond = f" ({level.value} {told})" if told else ""
    return Crossing(
        at_ns=at_ns,
        key=row.key,
        before=before,
        level=level,
        value_words=row.value_words,
        words=f"{now.words}: {row.statistic} {row.value_words}{beyond}{since}",
    )


def sight_words(rows: Sequence[WatchRow]) -> str:
    """Say how everything that is watched stands, the worst by name."""
    if not rows:
        return "Nothing is measured of what is watched."
    beyond = [r for r in rows if r.level in (Level.CRITICAL, Level.WARNING)]
    unknown = sum(r.level is Level.UNKNOWN for r in rows)
    rest = f"; {unknown} not known yet" if unknown else ""
    if not beyond:
        if all(r.level is Level.FREE for r in rows):
            return f"{len(rows)} series, none with a threshold."
        return f"None of {len(rows)} series is beyond a threshold{rest}."
    worst = min(beyond, key=lambda r: list(Level).index(r.level))
    verb = "is" if len(beyond) == 1 else "are"
    name = f"{worst.row.key} {worst.words}, {worst.row.statistic} {worst.row.value_words}"
    return f"{len(beyond)} of {len(rows)} series {verb} beyond a threshold: {name}{rest}."
