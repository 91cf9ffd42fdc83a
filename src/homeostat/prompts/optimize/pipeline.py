"""The pipeline: passes in their order, each counted, judged, and taken back where it is worth nothing."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from homeostat.core.errors import ConfigError
from homeostat.prompts.graph.styles import KINDS
from homeostat.prompts.library.library import Progress, silent
from homeostat.prompts.optimize.billing import Bill, bill, lost_caches
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.outcome import Outcome, PassOutcome, Reverted
from homeostat.prompts.optimize.pass_ import Change, Pass, Proposal, Saves
from homeostat.prompts.proof.claims import Claims
from homeostat.prompts.proof.verification import Verification, verify

ATTEMPTS_MAX = 4
"""How often a pass is judged again without the changes that the gate found faults with."""


@dataclass(frozen=True, slots=True)
class Price:
    """Whose prices are taken, at which time (ns since the epoch)."""

    model: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Optimized:
    """A library after a pipeline: what became of it, what is claimed of it, and what each pass did.

    `files` are those that passes wrote beside the library.
    """

    original: Draft
    draft: Draft
    claims: Claims
    outcome: Outcome
    files: dict[str, bytes]


@dataclass(slots=True)
class _State:
    draft: Draft
    bill: Bill
    claims: Claims = field(default_factory=Claims)
    files: dict[str, bytes] = field(default_factory=dict)


def chosen(passes: Sequence[Pass], only: Iterable[str] = (), skip: Iterable[str] = ()) -> tuple[Pass, ...]:
    """Return the passes that are to run, in their order: the lossless ones, or those that are named.

    Raises ConfigError for a name that no pass has.
    """
    only, skip = tuple(only), frozenset(skip)
    names = [p.name for p in passes]
    unknown = [n for n in (*only, *sorted(skip)) if n not in names]
    if unknown:
        raise ConfigError(f"no pass is named {unknown[0]!r}; there are {', '.join(names)}")
    return tuple(p for p in passes if (p.name in only if only else p.lossless) and p.name not in skip)


def optimize(
    draft: Draft,
    passes: Sequence[Pass],
    price: Price,
    progress: Progress = silent,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Optimized:
    """Run passes on a library and return what became of it; nothing is written.

    Guarantee: each change that is kept made what its pass saves smaller and lost nothing that
    `proof.verification.verify` looks for, and neither did the whole.
    Raises ConfigError for a model without a known price.
    """
    before = _State(draft, bill(draft, price.model, price.at_ns))
    state = before
    outcomes: list[PassOutcome] = []
    for done, one in enumerate(passes):
        progress(f"pass {one.name}", done, len(passes) + 1)
        began = clock()
        state, ran = _run(state, one, price)
        outcomes.append(msgspec.structs.replace(ran, took_ms=round((clock() - began) / 1e6, 1)))
    progress("verifying", len(passes), len(passes) + 1)
    proven = _verified(draft, state.draft, state.claims)
    outcome = Outcome(
        tokenizer=draft.counts.tokenizer,
        before=draft.weight,
        after=state.draft.weight,
        bill_before=before.bill,
        bill_after=state.bill,
        passes=tuple(outcomes),
        verification=proven,
        warnings=lost_caches(before.bill, state.bill),
    )
    return Optimized(draft, state.draft, state.claims, outcome, state.files)


def _run(state: _State, one: Pass, price: Price) -> tuple[_State, PassOutcome]:
    proposal = one.propose(state.draft)
    touched = [path for change in proposal.changes for path in (*change.texts, *change.removed)]
    assert len(touched) == len(set(touched)), f"two changes of {one.name} touch one module"
    kept, reverted = _worth_it(state.draft, proposal.changes, one.saves)
    after = state
    for _ in range(ATTEMPTS_MAX):
        after = _applied(state, one, proposal, kept, price)
        faults = _faults(state, after, one)
        if not faults:
            break
        if not kept:
            return state, _outcome(state, state, one, proposal, kept, [*reverted, _order_reverted(faults)])
        blamed = [c for c in kept if any(p in faults for p in (*c.texts, *c.removed))]
        blamed = blamed or _culprit(state, one, proposal, kept, price)
        reverted += [_reverted(c, faults) for c in blamed]
        kept = [c for c in kept if c not in blamed]
    else:
        reverted += [_reverted(c, {"": "the gate found a fault each time it was tried"}) for c in kept]
        kept, after = [], state
    if (kept or proposal.orders) and not _smaller(state, after, one.saves):
        what = "all of it" if kept else "the order"
        paths = tuple(dict.fromkeys(p for c in kept for p in c.texts))
        reverted.append(Reverted(what, paths, _unworthy(one.saves)))
        kept, after = [], state
    return after, _outcome(state, after, one, proposal, kept, reverted)


def _outcome(
    before: _State,
    after: _State,
    one: Pass,
    proposal: Proposal,
    kept: Sequence[Change],
    reverted: Sequence[Reverted],
) -> PassOutcome:
    return PassOutcome(
        name=one.name,
        lossless=one.lossless,
        saves=one.saves,
        before=before.draft.weight,
        after=after.draft.weight,
        before_usd=before.bill.cached_usd,
        after_usd=after.bill.cached_usd,
        files_changed=len({p for c in kept for p in (*c.texts, *c.removed)}),
        changes=len(kept),
        reverted=tuple(reverted),
        notes=proposal.notes,
        took_ms=0.0,
    )


def _culprit(
    state: _State, one: Pass, proposal: Proposal, kept: Sequence[Change], price: Price
) -> list[Change]:
    """Return the first change with which there is a fault that names none of the files it touches."""
    good, bad = 0, len(kept)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _faults(state, _applied(state, one, proposal, kept[:middle], price), one):
            bad = middle
        else:
            good = middle
    return list(kept[good:bad])


def _worth_it(draft: Draft, changes: Sequence[Change], saves: Saves) -> tuple[list[Change], list[Reverted]]:
    """Sort out the changes that save no tokens by themselves; what is loaded or billed shows only in all."""
    if saves != "library":
        return list(changes), []
    kept, reverted = [], []
    for change in changes:
        gone = sum(map(draft.tokens, {*change.texts, *change.removed} & draft.library.modules.keys()))
        if sum(map(draft.counts.of, change.texts.values())) < gone:
            kept.append(change)
        else:
            reverted.append(Reverted(change.what, tuple(change.texts), _unworthy(saves)))
    return kept, reverted


def _applied(state: _State, one: Pass, proposal: Proposal, kept: Sequence[Change], price: Price) -> _State:
    texts = {path: text for change in kept for path, text in change.texts.items()}
    removed = [path for change in kept for path in change.removed]
    orders = {**state.draft.orders, **(proposal.orders or {})}
    draft = state.draft.changed(texts, removed, orders)
    lossy = () if one.lossless else (p for c in kept for p in (*c.texts, *c.removed))
    claims = Claims(
        (*state.claims.edits, *(edit for change in kept for edit in change.edits)),
        tuple(dict.fromkeys((*state.claims.lossy, *lossy))),
    )
    files = proposal.files if kept or not proposal.changes else {}
    return _State(draft, bill(draft, price.model, price.at_ns), claims, {**state.files, **files})


def _faults(before: _State, after: _State, one: Pass) -> dict[str, str]:
    """Return what the gate finds: by module, what is missing."""
    edits = after.claims.edits[len(before.claims.edits) :]
    lossy = () if one.lossless else after.claims.lossy
    found = _verified(before.draft, after.draft, Claims(edits, lossy))
    faults = {m.path: f"{c.name}: {m.text}" for c in reversed(found.checks) for m in c.missing[::-1]}
    graph = after.draft.understood.graph
    for path, order in after.draft.orders.items():
        fresh = order != before.draft.orders.get(path)
        if fresh and sorted(order) != sorted(graph.closure([path], KINDS[:1])):
            faults[path] = "the order does not name what is loaded"
    return faults


def _verified(before: Draft, after: Draft, claims: Claims) -> Verification:
    return verify(before.library, after.library, before.styles, claims, before.reading)


def _smaller(before: _State, after: _State, saves: Saves) -> bool:
    if saves == "billed":
        return after.bill.cached_usd < before.bill.cached_usd
    return bool(getattr(after.draft.weight, saves) < getattr(before.draft.weight, saves))


def _unworthy(saves: Saves) -> str:
    what = {
        "library": "tokens",
        "loaded": "tokens that are loaded",
        "billed": "cost with the provider's cache",
    }
    return f"saves no {what[saves]}"


def _order_reverted(faults: Mapping[str, str]) -> Reverted:
    return Reverted("the order", tuple(faults), next(iter(faults.values())))


def _reverted(change: Change, faults: dict[str, str]) -> Reverted:
    paths = (*change.texts, *change.removed)
    why = next((faults[p] for p in paths if p in faults), next(iter(faults.values())))
    return Reverted(change.what, paths, why)
