"""The optimization: from bottlenecks to a proven change, step by step, as one answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeostat.app.loops.loop_desk import ANSWER_S, LoopDesk
from homeostat.core.errors import InputError
from homeostat.core.knob import Value
from homeostat.core.order import Try
from homeostat.judge.reports.bottleneck import Bottleneck
from homeostat.loop.governing.published import Published, PublishedKnob
from homeostat.prove.ledger.entry import ENDING, EntryKind, LedgerEntry
from homeostat.prove.ledger.story import story


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an optimization, in words."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Optimization:
    """What one call came to.

    `improvement` is the relative effect on the objective that was proven, below zero being better, with the
    ends of its 95% interval; None where nothing was kept (yet).
    """

    service: str
    steps: tuple[Step, ...]
    kept: bool
    improvement: tuple[float, float, float] | None


def within(values: Mapping[str, Value], constraints: Mapping[str, tuple[float, float]]) -> bool:
    """Tell whether values of knobs stay within the bounds that a person set for this call."""
    for name, value in values.items():
        if name in constraints and not isinstance(value, str):
            low, high = constraints[name]
            if not low <= value <= high:
                return False
    return True


def optimize(
    desk: LoopDesk,
    loop: Published,
    bottlenecks: tuple[Bottleneck, ...],
    constraints: Mapping[str, tuple[float, float]],
    values: Mapping[str, Value] | None,
    by: str,
    timeout_s: float,
) -> Optimization:
    """Try the first recommendation that the constraints allow (or `values`), and wait for its proof.

    Raises InputError where there is nothing to try, or constraints that make no sense. A trial that is not
    decided in time goes on: the ledger tells what became of it.
    """
    known = {knob.name: knob for knob in loop.knobs}
    for name in constraints:
        if name not in known:
            raise InputError(f"there is no knob {name!r}; there are: {', '.join(sorted(known)) or 'none'}")
    steps = [_found(bottlenecks), _strategies(loop, constraints)]
    wanted = dict(values) if values is not None else _chosen(loop, constraints)
    if not within(wanted, constraints):
        raise InputError("the values lie outside of the constraints")
    last = desk.ledger(loop.service).last
    desk.order(loop.service, Try(by=by, values=wanted))
    steps.append(
        Step("implementation", f"trying {_words(wanted, known)}, on a part of the requests or of time")
    )
    ending = _ending(desk, loop.service, last.number if last else 0, wanted, by, timeout_s)
    if isinstance(ending, str):
        return Optimization(loop.service, (*steps, Step("validation", ending)), False, None)
    steps.append(Step("validation", story(ending)))
    kept = ending.note.kind is EntryKind.KEPT
    proof = ending.note.proof
    effect = proof.effect.effect if kept and proof is not None else None
    if effect is None or effect.estimate is None or effect.interval is None:
        return Optimization(loop.service, (*steps, Step("improvement", "nothing was changed")), kept, None)
    improvement = effect.estimate, effect.interval.low, effect.interval.high
    told = "{}: {:+.1%} [{:+.1%}, {:+.1%}]".format(effect.measure, *improvement)
    return Optimization(loop.service, (*steps, Step("improvement", told)), kept, improvement)


def _found(bottlenecks: tuple[Bottleneck, ...]) -> Step:
    if not bottlenecks:
        return Step("bottlenecks", "no traces tell where the time goes")
    return Step("bottlenecks", "; ".join(b.words for b in bottlenecks[:3]))


def _strategies(loop: Published, constraints: Mapping[str, tuple[float, float]]) -> Step:
    lines = [
        f"{a.what} ({a.by})" + ("" if within(a.values, constraints) else ": left out by the constraints")
        for a in loop.advice
    ]
    return Step("strategies", "; ".join(lines) or "the controllers recommend nothing now")


def _chosen(loop: Published, constraints: Mapping[str, tuple[float, float]]) -> dict[str, Value]:
    for advice in loop.advice:
        if within(advice.values, constraints):
            return dict(advice.values)
    raise InputError(
        "there is no recommendation to follow: set the loop to advise (homeostat mode advise) and wait for "
        "one, widen the constraints, or say what to try"
    )


def _words(values: Mapping[str, Value], known: Mapping[str, PublishedKnob]) -> str:
    return ", ".join(f"{n} {known[n].value if n in known else '?'} → {v}" for n, v in values.items())


def _ending(
    desk: LoopDesk, service: str, after: int, wanted: Mapping[str, Value], by: str, timeout_s: float
) -> LedgerEntry | str:
    """Return the entry that ends the trial of these values; where there is none, why."""

    def answers(entry: LedgerEntry) -> bool:
        note = entry.note
        if note.by != by:
            return False
        begun = note.kind is EntryKind.BEGUN and {move.knob for move in note.moves} <= set(wanted)
        return begun or note.kind is EntryKind.REFUSED

    answer = desk.until(service, after, answers, min(ANSWER_S, timeout_s))
    if answer is None:
        return "the loop has not answered; the order stays valid for an hour"
    if answer.note.kind is EntryKind.REFUSED:
        return f"the loop refused: {answer.note.reason}"

    def ends(entry: LedgerEntry) -> bool:
        return entry.note.trial == answer.note.trial and entry.note.kind in ENDING

    ending = desk.until(service, answer.number, ends, timeout_s)
    return ending or f"not decided within {timeout_s:g} s; the trial goes on"
