"""The notes that the loop writes into the ledger, one maker for each occasion."""

from homeostat.core.change import Change
from homeostat.core.proof import Decision, Proof
from homeostat.prove.ledger.entry import EntryKind, LedgerEntry, Moved, Note, ProofNote
from homeostat.prove.trials.trial import TrialPlan


def _note(
    kind: EntryKind,
    change: Change,
    reason: str = "",
    trial: str = "",
    proof: Proof | None = None,
    about: int | None = None,
) -> Note:
    held = change.predicted
    return Note(
        kind=kind,
        by=change.by,
        reason=reason or change.reason,
        why=change.reason if reason and reason != change.reason else "",
        moves=tuple(Moved(move.knob, move.before, move.after) for move in change.moves),
        evidence=change.evidence,
        predicted=(held.low, held.high, held.confidence) if held else None,
        labels=dict(change.labels),
        trial=trial,
        proof=ProofNote.of(proof) if proof else None,
        about=about,
    )


def proposed(change: Change) -> Note:
    """A change is recommended to a person."""
    return _note(EntryKind.PROPOSED, change)


def begun(plan: TrialPlan) -> Note:
    """A trial begins."""
    return _note(EntryKind.BEGUN, plan.change, trial=plan.name)


def decided(trial: str, change: Change, proof: Proof) -> Note:
    """A trial has ended with its proof, whose reason is the note's."""
    kept = proof.decision is Decision.KEEP
    return _note(EntryKind.KEPT if kept else EntryKind.ROLLED_BACK, change, proof.reason, trial, proof)


def resigned(trial: str, change: Change, reason: str) -> Note:
    """A trial was ended without a proof."""
    return _note(EntryKind.ROLLED_BACK, change, reason, trial)


def put(kind: EntryKind, change: Change, proof: Proof | None = None, about: int | None = None) -> Note:
    """Knobs were set at once: UNDONE, REVERTED, OBEYED, RESTORED, PINNED; `about` is the entry taken back."""
    return _note(kind, change, proof=proof, about=about)


def stood(trial: str, change: Change, proof: Proof) -> Note:
    """A kept change has come to the end of its hold-back."""
    return _note(EntryKind.STOOD, change, proof.reason, trial, proof)


def recovered(entry: LedgerEntry) -> Note:
    """A trial that had been interrupted is rolled back."""
    note = entry.note
    return Note(
        kind=EntryKind.RECOVERED,
        by="recovery",
        reason=f"the process ended abruptly in the middle of {note.trial}, which proved nothing",
        moves=note.moves,
        trial=note.trial,
        about=entry.number,
    )


def said(kind: EntryKind, by: str, reason: str) -> Note:
    """Something without moves: a MODE, an order REFUSED, a knob UNPINNED."""
    return Note(kind=kind, by=by, reason=reason)


def switched(mode: str, planned: str, by: str) -> Note:
    """Another mode from now on; the labels tell it, and the one that the policy said at the time."""
    labels = {"mode": mode, "planned": planned}
    return Note(kind=EntryKind.MODE, by=by, reason=f"the mode is {mode} from now on", labels=labels)


def unpinned(knob: str, by: str) -> Note:
    """A knob may be turned again; the label `knob` names it."""
    return Note(kind=EntryKind.UNPINNED, by=by, reason=f"{knob} may be turned again", labels={"knob": knob})
