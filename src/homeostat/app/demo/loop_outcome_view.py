"""The view of what the loop did and what it came to, in words and a table."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from homeostat.app.demo.loop_outcome import LoopOutcome
from homeostat.app.demo.stretch import FAULT
from homeostat.core.change import shown
from homeostat.judge.words.quantity import NOT_KNOWN, count, quantity

COLUMNS = ("from", "to", "answers", "mean", "quality", "input tokens", "cost of 1,000")


def loop_outcome_view(outcome: LoopOutcome) -> Iterator[RenderableType]:
    """Yield what was noticed, tried, kept and taken back, and what answers were like before and after."""
    yield Text("  " + "\n  ".join(sentences(outcome)))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", width=1)
    table.add_column("answers", no_wrap=True)
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for stretch in outcome.stretches:
        table.add_row(
            "",
            stretch.name,
            f"{stretch.begin_s:.0f} s",
            f"{stretch.end_s:.0f} s",
            count(stretch.answers),
            _known(stretch.mean_ms, "ms"),
            NOT_KNOWN if stretch.quality is None else f"{stretch.quality:.3f}",
            NOT_KNOWN if stretch.input_tokens is None else count(round(stretch.input_tokens)),
            _known(None if stretch.cost_usd is None else stretch.cost_usd * 1e3, "USD"),
        )
    yield table


def sentences(outcome: LoopOutcome) -> list[str]:
    """Return what happened: the fault and how it went on, what was tried, and where knobs stand now."""
    found = []
    if any(one.kind == FAULT for one in outcome.told):
        if outcome.noticed_s is None:
            found.append("The fault broke no target of the loop.")
        elif outcome.back_s is None:
            found.append(
                f"Noticed {outcome.noticed_s:.0f} s after the fault; the target does not hold again yet."
            )
        else:
            noticed, back = f"{outcome.noticed_s:.0f} s", f"{outcome.back_s:.0f} s"
            found.append(f"Noticed {noticed} after the fault, back within the target {back} after it.")
    tried, kept, back = count(outcome.tried), count(outcome.kept), count(outcome.taken_back)
    found.append(f"Changes tried: {tried}; kept, since they are proven: {kept}; taken back: {back}.")
    knobs = ", ".join(f"{k.name} {shown(k.default)} → {shown(k.value)}" for k in outcome.knobs)
    found.append(f"Knobs that stand elsewhere now: {knobs}." if knobs else "All knobs stand as at first.")
    return found


def _known(value: float | None, unit: str) -> str:
    return NOT_KNOWN if value is None else quantity(value, unit)
