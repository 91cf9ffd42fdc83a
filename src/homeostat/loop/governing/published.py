"""What a loop publishes of itself through the store, for pages, commands and other processes."""

from typing import TypeAlias

import msgspec

from homeostat.act.controllers.bandit import StrategyStatistics, strategy_statistics
from homeostat.core.batch import Batch
from homeostat.core.change import Change
from homeostat.core.clock import DAY_NS
from homeostat.core.knob import Choices, Floats, Integers, Knob, Value
from homeostat.core.order import Mode
from homeostat.core.query import RecordsQuery, Store
from homeostat.core.record import Record
from homeostat.loop.sight.seen import Seen

KIND = "loop"
SERVICES_MAX = 200
SILENT_NS = 30_000_000_000
"""A loop that has not published for so long is not running."""


class PublishedKnob(msgspec.Struct, frozen=True):
    """A knob as it stands.

    `domain` says its values in words, `low` and `high` bound a number. `trying` are the values of running
    trials. `unread` is one that was tried and that nobody reads.
    """

    name: str
    value: Value
    default: Value
    domain: str
    scope: str
    pinned: bool
    help: str
    trying: tuple[Value, ...] = ()
    low: float | None = None
    high: float | None = None
    unread: bool = False


class PublishedTrial(msgspec.Struct, frozen=True):
    """A trial under way, or a kept change that is still watched (`held`).

    `need` is what it most likely takes, told before it began.
    """

    trial: str
    what: str
    by: str
    reason: str
    held: bool
    decided: float
    words: str
    need: str = ""


class PublishedAdvice(msgspec.Struct, frozen=True):
    """A change that is recommended: `values` are what to try."""

    what: str
    by: str
    reason: str
    evidence: tuple[str, ...]
    predicted: tuple[float, float] | None
    values: dict[str, Value]


class PublishedVerdict(msgspec.Struct, frozen=True):
    """A target with the verdict on it."""

    target: str
    state: str
    words: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    n: int
    since_ns: int


class PublishedPattern(msgspec.Struct, frozen=True):
    """A rule that tells which requests go wrong: by how much `outcome` (duration, errors) is worse there."""

    outcome: str
    rule: str
    words: str
    worse: float
    low: float
    high: float
    n: int


class PublishedStrategy(msgspec.Struct, frozen=True):
    """What became of a strategy's changes in one kind of load, with 95% intervals in the words."""

    strategy: str
    regime: str
    trials: int
    kept: int
    words: str


class Published(msgspec.Struct, frozen=True):
    """The state of a loop at `time_ns`. `held_back` tells by the words of a change why it is not tried."""

    service: str
    time_ns: int
    pid: int
    mode: Mode
    objective: str
    regime: str
    load_per_s: float
    knobs: tuple[PublishedKnob, ...]
    trials: tuple[PublishedTrial, ...]
    advice: tuple[PublishedAdvice, ...]
    targets: tuple[PublishedVerdict, ...]
    hormones: dict[str, float]
    held_back: dict[str, str] = {}
    patterns: tuple[PublishedPattern, ...] = ()
    strategies: tuple[PublishedStrategy, ...] = ()

    def alive(self, now_ns: int) -> bool:
        """Tell whether the loop was running a moment ago."""
        return abs(now_ns - self.time_ns) < SILENT_NS


Loops: TypeAlias = dict[str, Published]


def domain_words(knob: Knob) -> str:
    """Return which values a knob takes, in words.

    >>> domain_words(Knob("batch", 8, Integers(1, 64)))
    '1 to 64'
    """
    match knob.domain:
        case Integers(low=low, high=high, log=log) | Floats(low=low, high=high, log=log):
            return f"{low:g} to {high:g}" + (", by ratios" if log else "")
        case Choices(values=values):
            return ", ".join(map(str, values))
        case _:
            return ""


def _bounds(knob: Knob) -> tuple[float | None, float | None]:
    domain = knob.domain
    return (domain.low, domain.high) if isinstance(domain, Integers | Floats) else (None, None)


def published(service: str, pid: int, knobs: dict[str, Knob], seen: Seen) -> Published:
    """Return what is to be published of a look of the governor."""
    state, at = seen.state, seen.situation
    objective = ", ".join(
        f"{term.measure.words} ({term.measure.better.value} is better)" for term in at.objective.terms
    )
    trying: dict[str, list[Value]] = {}
    for running in state.running:
        for move in running.change.moves:
            trying.setdefault(move.knob, []).append(move.after)
    return Published(
        service=service,
        time_ns=at.now_ns,
        pid=pid,
        mode=state.mode,
        objective=objective + (f" of {at.objective.operation}" if at.objective.operation else ""),
        regime=at.regime,
        load_per_s=at.load_per_s,
        knobs=tuple(
            PublishedKnob(
                name,
                state.configuration.get(name, knob.default),
                knob.default,
                domain_words(knob),
                knob.scope.value,
                name in state.pinned,
                knob.help,
                tuple(trying.get(name, ())),
                *_bounds(knob),
                name in seen.unread,
            )
            for name, knob in sorted(knobs.items())
        ),
        trials=tuple(_trials(seen)),
        advice=tuple(_advice(change) for change in state.advised),
        targets=tuple(
            PublishedVerdict(
                one.target,
                one.verdict.state.value,
                one.verdict.words,
                one.verdict.value,
                one.verdict.low,
                one.verdict.high,
                one.verdict.unit,
                one.verdict.n,
                one.since_ns,
            )
            for one in at.judged
        ),
        hormones={name: round(level, 4) for name, level in at.endocrine.levels.items()},
        held_back=dict(seen.held_back),
        patterns=tuple(
            PublishedPattern(
                outcome, one.rule, one.words, one.worse, one.interval.low, one.interval.high, one.n
            )
            for outcome, one in seen.patterns
        ),
        strategies=tuple(_strategy(row) for row in strategy_statistics(at.history)),
    )


def _strategy(row: StrategyStatistics) -> PublishedStrategy:
    rate = row.rate_interval
    words = f"{row.kept} of {row.trials} kept ({row.rate:.0%}, {rate.low:.0%} to {rate.high:.0%})"
    if row.improvement is not None:
        words += f", {row.improvement:.1%} better each"
        held = row.improvement_interval
        if held is not None:
            words += f" ({held.low:.1%} to {held.high:.1%})"
    return PublishedStrategy(row.strategy, row.regime, row.trials, row.kept, words)


def _trials(seen: Seen) -> list[PublishedTrial]:
    found = []
    for held, group in ((False, seen.state.running), (True, seen.state.held)):
        for one in group:
            change = one.change
            progress = seen.progress.get(one.trial)
            decided, words = (progress.decided, progress.words) if progress else (0.0, "has just begun")
            found.append(
                PublishedTrial(
                    one.trial,
                    change.words,
                    change.by,
                    change.reason,
                    held,
                    decided,
                    words,
                    seen.needs.get(one.trial, ""),
                )
            )
    return found


def _advice(change: Change) -> PublishedAdvice:
    predicted = (change.predicted.low, change.predicted.high) if change.predicted else None
    values = {move.knob: move.after for move in change.moves}
    return PublishedAdvice(change.words, change.by, change.reason, change.evidence, predicted, values)


def publish(store: Store, what: Published) -> None:
    """Keep the newest state of a loop; raise StoreError where that is not possible."""
    body = msgspec.json.encode(what)
    store.write(Batch(records=(Record(KIND, what.service, what.time_ns, body, what.time_ns + DAY_NS),)))


def loops(store: Store) -> Loops:
    """Return the newest state of each loop that published through a store within a day, by service."""
    found = {}
    for record in store.read(RecordsQuery(KIND, limit=SERVICES_MAX)):
        if record.body:
            found[record.key] = msgspec.json.decode(record.body, type=Published)
    return found
