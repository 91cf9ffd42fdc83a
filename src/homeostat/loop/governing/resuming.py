"""The resuming: what was kept lately goes on being watched after a restart."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from homeostat.act.controller import Situation
from homeostat.core.knob import Knob
from homeostat.loop.governing.planning import hold_back_for, plan_for
from homeostat.loop.policy.policy import Policy
from homeostat.prove.ledger.entry import SETTING, EntryKind, LedgerEntry
from homeostat.prove.trials.trial import Trial


def watched_still(entries: Sequence[LedgerEntry], now_ns: int, length_ns: int) -> tuple[LedgerEntry, ...]:
    """Return the entries of kept changes whose hold-backs would still run, had nobody restarted."""
    watched: dict[str, LedgerEntry] = {}
    for entry in entries:
        note = entry.note
        if note.kind is EntryKind.STOOD:
            watched.pop(note.trial, None)
        elif note.kind in SETTING or note.kind is EntryKind.BEGUN:
            moved = {move.knob for move in note.moves}
            watched = {n: e for n, e in watched.items() if not moved & {m.knob for m in e.note.moves}}
            if note.kind is EntryKind.KEPT and note.proof is not None:
                watched[note.trial] = entry
    return tuple(entry for entry in watched.values() if now_ns - entry.time_ns < length_ns)


def resumed(
    entry: LedgerEntry,
    policy: Policy,
    knobs: Mapping[str, Knob],
    at: Situation,
    entries: Sequence[LedgerEntry],
) -> Trial | None:
    """Return what watches a kept change for the rest of its time.

    None where that cannot be: a knob is gone or stands elsewhere, or something else is to get better by now.
    The same users are held back as before the restart.
    """
    note, change = entry.note, entry.note.change
    if change is None or note.proof is None or policy.objective.words != note.proof.effect.measure:
        return None
    if any(m.knob not in knobs or at.configuration.get(m.knob) != m.after for m in change.moves):
        return None
    before = [earlier for earlier in entries if earlier.number < entry.number]
    plan = plan_for(note.trial, change, policy, knobs, replace(at, objective=policy.objective), before)
    if plan.design.value != note.proof.design:
        return None
    left_ns = policy.trials.hold_back_ns - (at.now_ns - entry.time_ns)
    rules = replace(policy.trials, hold_back_ns=left_ns)
    return hold_back_for(plan, note.proof.proof(note.reason), rules, at.now_ns)
