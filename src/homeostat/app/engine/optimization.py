"""The optimization: from bottlenecks to a proven change, step by step, as one answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeostat.act.controller import Trialled
from homeostat.app.loops.loop_desk import LoopDesk
from homeostat.core.errors import InputError
from homeostat.core.knob import Value
from homeostat.core.order import Try
from homeostat.core.proof import Decision
from homeostat.judge.reports.bottleneck import Bottleneck
from homeostat.loop.book import trialled
from homeostat.loop.published import Published, PublishedAdvice, PublishedKnob
from homeostat.prove.ledger_entry import ENDING, EntryKind, LedgerEntry
from homeostat.prove.ledger_story import story


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


def allowed(advice: PublishedAdvice, constraints: Mapping[str, tuple[float, float]]) -> bool:
    """Tell whether a recommendation stays within the bounds that a person set on knobs for this call."""
    for name, value in advice.values.items():
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

    Raises InputError where there is nothing to try. A trial that is not decided in time goes on: the ledger
    tells what became of it.
    """
    steps = [_found(bottlenecks), _strategies(loop, constraints)]
    wanted = dict(values) if values is not None else _chosen(loop, constraints)
    known = {knob.name: knob for knob in loop.knobs}
    last = desk.ledger(loop.service).last
    desk.order(loop.service, Try(by=by, values=wanted))
    steps.append(
        Step("implementation", f"trying {_words(wanted, known)}, on a part of the requests or of time")
    )
    entries = _awaited(desk, loop.service, last.number if last else 0, wanted, timeout_s)
    proof = _proof(entries)
    if proof is None:
        refused = next((e for e in entries if e.note.kind is EntryKind.REFUSED), None)
        why = refused.note.reason if refused else f"not decided within {timeout_s:g} s; the trial goes on"
        return Optimization(loop.service, (*steps, Step("validation", why)), False, None)
    kept = proof.proof.decision is Decision.KEEP
    steps.append(Step("validation", story(entries[-1])))
    effect = proof.proof.effect
    improvement = None
    if kept and effect.estimate is not None and effect.interval is not None:
        improvement = (effect.estimate, effect.interval.low, effect.interval.high)
    told = f"{effect.measure} {effect.estimate:+.1%}" if improvement else "nothing was changed"
    return Optimization(loop.service, (*steps, Step("improvement", told)), kept, improvement)


def _found(bottlenecks: tuple[Bottleneck, ...]) -> Step:
    if not bottlenecks:
        return Step("bottlenecks", "no traces tell where the time goes")
    return Step("bottlenecks", "; ".join(b.words for b in bottlenecks[:3]))


def _strategies(loop: Published, constraints: Mapping[str, tuple[float, float]]) -> Step:
    lines = [
        f"{a.what} ({a.by})" + ("" if allowed(a, constraints) else ": left out by the constraints")
        for a in loop.advice
    ]
    return Step("strategies", "; ".join(lines) or "the controllers recommend nothing now")


def _chosen(loop: Published, constraints: Mapping[str, tuple[float, float]]) -> dict[str, Value]:
    for advice in loop.advice:
        if allowed(advice, constraints):
            return dict(advice.values)
    raise InputError(
        "there is no recommendation to follow: set the loop to advise (homeostat mode advise) and wait for "
        "one, widen the constraints, or say what to try"
    )


def _words(values: Mapping[str, Value], known: Mapping[str, PublishedKnob]) -> str:
    return ", ".join(f"{n} {known[n].value if n in known else '?'} → {v}" for n, v in values.items())


def _awaited(
    desk: LoopDesk, service: str, after: int, wanted: Mapping[str, Value], timeout_s: float
) -> tuple[LedgerEntry, ...]:
    """Return the entries about the trial of these values, once it has ended or the time is over."""
    begun = desk.answer(service, after).entries
    own = [
        e for e in begun if e.note.kind is EntryKind.BEGUN and {m.knob for m in e.note.moves} <= set(wanted)
    ]
    if not own:
        return begun
    trial = own[-1].note.trial

    def ended(entry: LedgerEntry) -> bool:
        return entry.note.trial == trial and entry.note.kind in ENDING

    found = desk.until(service, own[-1].number, ended, timeout_s)
    return (own[-1], *found)


def _proof(entries: tuple[LedgerEntry, ...]) -> Trialled | None:
    return trialled(entries[-1].note) if entries else None
