"""The tuning: search, then the pick against the default. What was measured before is not measured again."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from homeostat.act.search.search import Measured, Pick, Search, violation
from homeostat.app.tune.against_default import Against, against_default
from homeostat.app.tune.journal import Entry, Journal, Part
from homeostat.app.tune.trial_command import Run
from homeostat.app.tune.tuning_file import TuningFile
from homeostat.core.errors import InputError
from homeostat.core.knob import Configuration

FAILURES_MAX = 5
"""So many failures in a row, and the fault is not in the knobs."""

Step = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Tuned:
    """The outcome. `front` holds the best, one for one objective, none where no target-keeping one was found.

    `objectives` of a pick are in the measures' own units. `against` is None where the pick is the default.
    `broke` says how many runs of the search broke a target as measured.
    """

    measured: int
    failed: int
    broke: int
    front: tuple[Pick, ...]
    pick: Pick | None
    against: Against | None

    @property
    def proven(self) -> bool:
        """Whether the pick is proven to be better than the default."""
        return self.against is not None and self.against.proven


def tune(
    tuning: TuningFile,
    search: Search,
    run: Callable[[Configuration], Run],
    journal: Journal,
    step: Step = lambda what, done, total: None,
    *,
    shared: bool = False,
) -> Tuned:
    """Search within the budget, then measure the pick and the default in turn.

    With `shared` the search keeps its measurements itself, so that those of the journal are not told again.
    Raises InputError where the command fails with the default values, or again and again.
    """
    total = tuning.evaluations + 2 * tuning.pairs
    for entry in journal.of(Part.SEARCH):
        if not shared:
            search.tell(entry.configuration, measured(entry.run, tuning))
    while len(journal.of(Part.SEARCH)) < tuning.evaluations:
        done = len(journal.of(Part.SEARCH))
        step(f"searching, {done} of {tuning.evaluations}", done, total)
        configuration = search.ask()
        found = run(configuration)
        _check(found, configuration, journal, tuning)
        journal.add(Entry(Part.SEARCH, configuration, found))
        search.tell(configuration, measured(found, tuning))
    front = tuple(_shown(pick, tuning) for pick in search.best())
    pick = _chosen(front, tuning)
    against = None
    if pick is not None and not _is_default(pick.configuration, tuning):
        against = _compared(pick, tuning, run, journal, step)
    runs = [entry.run for entry in journal.of(Part.SEARCH)]
    return Tuned(
        len(journal.entries),
        sum(bool(r.failure) for r in runs),
        sum(not r.failure and not all(b.held(r.values[b.measure]) for b in tuning.bounds) for r in runs),
        front,
        pick,
        against,
    )


def measured(run: Run, tuning: TuningFile) -> Measured:
    """Return what a run means to a search: all objectives to be low; a failure is infinitely bad."""
    if run.failure:
        return Measured((math.inf,) * len(tuning.goals), (math.inf,) * len(tuning.bounds))
    objectives = tuple(_low(run.values[g.measure], lower=g.lower) for g in tuning.goals)
    return Measured(
        objectives,
        tuple(violation(run.values[b.measure], b.bound, upper=b.upper) for b in tuning.bounds),
    )


def _low(value: float, *, lower: bool) -> float:
    """Return a number that is low where the value is good; an inverse keeps ratios, a negative would not."""
    if lower:
        return value
    return 1.0 / value if value > 0 else math.inf


def _shown(pick: Pick, tuning: TuningFile) -> Pick:
    """Return a pick with its objectives in the measures' own units."""
    values = tuple(v if g.lower else 1.0 / v for v, g in zip(pick.objectives, tuning.goals, strict=True))
    return Pick(pick.configuration, values, pick.held, pick.measured)


def _check(found: Run, configuration: Configuration, journal: Journal, tuning: TuningFile) -> None:
    if not found.failure:
        return
    if _is_default(configuration, tuning):
        raise InputError(f"the command fails with the default values: {found.failure}")
    last = [entry.run.failure for entry in journal.of(Part.SEARCH)[-FAILURES_MAX + 1 :]]
    if len(last) == FAILURES_MAX - 1 and all(last):
        raise InputError(f"the command failed {FAILURES_MAX} times in a row; the last time: {found.failure}")


def _is_default(configuration: Configuration, tuning: TuningFile) -> bool:
    return all(configuration[name] == knob.default for name, knob in tuning.knobs.items())


def _chosen(front: tuple[Pick, ...], tuning: TuningFile) -> Pick | None:
    """Return the one of the front whose objectives are lowest in the geometric mean."""
    if len(front) <= 1:
        return front[0] if front else None
    low = [
        [v if g.lower else 1.0 / v for v, g in zip(p.objectives, tuning.goals, strict=True)] for p in front
    ]
    if min(min(row) for row in low) <= 0:
        return front[len(front) // 2]
    return min(zip(low, front, strict=True), key=lambda pair: math.prod(pair[0]))[1]


def _compared(
    pick: Pick, tuning: TuningFile, run: Callable[[Configuration], Run], journal: Journal, step: Step
) -> Against:
    """Measure pick and default in pairs; which one goes first changes from pair to pair."""
    default = {name: knob.default for name, knob in tuning.knobs.items()}
    while len(pairs := _pairs(pick, journal)) < tuning.pairs:
        number = len(pairs)
        total = tuning.evaluations + 2 * tuning.pairs
        step(f"comparing, pair {number + 1} of {tuning.pairs}", tuning.evaluations + 2 * number, total)
        both = [(Part.DEFAULT, default), (Part.PICK, pick.configuration)]
        found = [Entry(part, values, run(values)) for part, values in (both if number % 2 else both[::-1])]
        for entry in found:
            if entry.run.failure:
                raise InputError(
                    f"the command failed with the {entry.part.value} in the comparison: {entry.run.failure}"
                )
        for entry in found:
            journal.add(entry)
    first = pairs[: tuning.pairs]
    return against_default([dict(d.values) for d, _ in first], [dict(p.values) for _, p in first], tuning)


def _pairs(pick: Pick, journal: Journal) -> list[tuple[Run, Run]]:
    """Return the runs of default and pick that follow each other; one whose other is missing is left out."""
    both = [entry for entry in journal.entries if entry.part is not Part.SEARCH]
    found, at = [], 0
    while at + 1 < len(both):
        pair = {entry.part: entry for entry in both[at : at + 2]}
        if len(pair) == 2 and pair[Part.PICK].configuration == pick.configuration:
            found.append((pair[Part.DEFAULT].run, pair[Part.PICK].run))
        at += len(pair)
    return found
