"""An outcome as text for a terminal."""

from homeostat.prompts.analysis.table import rest, table
from homeostat.prompts.optimize.outcome import Outcome, PassOutcome
from homeostat.prompts.proof.verification import verification_text

HEADS = ("pass", "words", "tokens", "loaded", "round USD", "files", "taken back", "s")
ENTRY_HEADS = ("name", "tokens before", "after", "stable", "again USD before", "after")
REVERTED_MAX = 5


def outcome_text(outcome: Outcome, everything: bool = False) -> str:
    """Return an outcome as text: what was saved, by which pass, what was taken back, and the proof."""
    parts = [
        "\n".join(_summary(outcome)),
        table("passes", HEADS, [_row(p) for p in outcome.passes]),
        *(_taken_back(p, everything) for p in outcome.passes),
        "\n".join(f"{p.name}: {note}" for p in outcome.passes for note in p.notes),
        "\n".join(f"warning: {w}" for w in outcome.warnings),
        table("entry points", ENTRY_HEADS, _entries(outcome), None if everything else 10),
        verification_text(outcome.verification, None if everything else 10),
        *(_dropped(p) for p in outcome.passes if not p.lossless and p.files_changed),
    ]
    return "\n\n".join(p for p in parts if p)


def _summary(outcome: Outcome) -> list[str]:
    before, after = outcome.before, outcome.after
    was, now = outcome.bill_before, outcome.bill_after
    return [
        f"{_change(before.library, after.library)} tokens in all ({outcome.tokenizer})",
        f"{_change(before.together, after.together)} loaded by all entry points together",
        f"{_change(before.worst, after.worst)} by the one that loads most, "
        f"{_change(round(before.median), round(after.median))} by the median",
        f"{_change(before.always, after.always)} before each of them",
        f"a round of {2 * len(now.entries)} runs with {now.model}: "
        f"${was.cached_usd:.4f} -> ${now.cached_usd:.4f} ({_share(was.cached_usd, now.cached_usd)}) "
        "billed with the provider's cache, "
        f"${was.uncached_usd:.4f} -> ${now.uncached_usd:.4f} without",
    ]


def _change(before: int, after: int) -> str:
    return f"{before:,} -> {after:,} ({_share(before, after)})"


def _share(before: float, after: float) -> str:
    return f"{after / before - 1:+.1%}" if before else "nothing"


def _row(ran: PassOutcome) -> tuple[str, ...]:
    return (
        ran.name,
        "stay" if ran.lossless else "fewer",
        f"{ran.after.library - ran.before.library:,}",
        f"{ran.after.loaded - ran.before.loaded:,}",
        f"{ran.after_usd - ran.before_usd:.4f}",
        f"{ran.files_changed:,}",
        f"{len(ran.reverted):,}",
        f"{ran.took_ms / 1e3:.1f}",
    )


def _taken_back(ran: PassOutcome, everything: bool) -> str:
    shown = ran.reverted if everything else ran.reverted[:REVERTED_MAX]
    lines = [f"{ran.name} took back {r.what} in {', '.join(r.paths) or 'all'}: {r.why}" for r in shown]
    return "\n".join([*lines, *rest(len(ran.reverted) - len(shown))])


def _dropped(ran: PassOutcome) -> str:
    return f"but {ran.name} was asked to drop words, and did in {ran.files_changed:,} files"


def _entries(outcome: Outcome) -> list[tuple[str, ...]]:
    before = {e.name: e for e in outcome.bill_before.entries}
    rows: list[tuple[str, ...]] = []
    for now in sorted(outcome.bill_after.entries, key=lambda e: -e.tokens):
        was = before.get(now.name, now)
        again = f"{was.again_usd:.5f}", f"{now.again_usd:.5f}"
        rows.append((now.name, f"{was.tokens:,}", f"{now.tokens:,}", f"{now.stable:,}", *again))
    return rows
