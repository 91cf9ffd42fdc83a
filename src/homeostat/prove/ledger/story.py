"""The ledger as a story that a person can follow: a sentence for each entry."""

from datetime import UTC, datetime

from homeostat.core.change import Move, shown
from homeostat.core.clock import SECOND_NS
from homeostat.prove.ledger.entry import EntryKind, LedgerEntry, Note
from homeostat.prove.trials.effect_words import length_words


def story(entry: LedgerEntry) -> str:
    """Return what an entry tells, in one sentence that begins with its number and time (UTC)."""
    moment = datetime.fromtimestamp(entry.time_ns // SECOND_NS, UTC)
    return f"#{entry.number} {moment:%Y-%m-%d %H:%M:%S}: {told(entry.note)}"


def told(note: Note) -> str:
    """Return what a note tells, without number and time."""
    what = moves_words(note)
    match note.kind:
        case EntryKind.PROPOSED:
            return f"{note.by} recommends {what}: {note.reason}{_evidence(note)}"
        case EntryKind.BEGUN:
            return f"{note.by} tries {what} ({note.trial}): {note.reason}{_evidence(note)}"
        case EntryKind.KEPT | EntryKind.ROLLED_BACK | EntryKind.STOOD:
            return f"{note.kind.value}: {what} ({note.trial}), {note.reason}{_rests_on(note)}"
        case EntryKind.REVERTED | EntryKind.UNDONE:
            about = f" (entry {note.about})" if note.about else ""
            return f"{note.kind.value} by {note.by}: {what}{about}, {note.reason}{_rests_on(note)}"
        case EntryKind.RECOVERED:
            return f"rolled back after a restart: {what} ({note.trial}), {note.reason}"
        case EntryKind.OBEYED | EntryKind.RESTORED | EntryKind.PINNED:
            return f"{note.kind.value} by {note.by}: {what}, {note.reason}"
        case _:
            return f"{note.kind.value} by {note.by}: {note.reason}"


def moves_words(note: Note) -> str:
    """Return what moves, such as `concurrency 8 → 5`."""
    moves = [Move(*moved) for moved in note.moves]
    return ", ".join(f"{m.knob} {shown(m.before)} → {shown(m.after)}" for m in moves) or "nothing"


def _evidence(note: Note) -> str:
    return f" ({'; '.join(note.evidence)})" if note.evidence else ""


def _rests_on(note: Note) -> str:
    proof = note.proof
    if proof is None:
        return ""
    took = length_words((proof.end_ns - proof.begin_ns) / SECOND_NS)
    return f" ({proof.n_treatment:,} requests with it, {proof.n_control:,} without, {took}, {proof.design})"
