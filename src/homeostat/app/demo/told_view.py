"""The view of what the loop notices and does, a line or two for each thing."""

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from homeostat.app.demo.loop_outcome import TAKEN_BACK, TARGET
from homeostat.app.demo.loop_watch import Told
from homeostat.app.demo.stretch import FAULT
from homeostat.core.verdict import State
from homeostat.prove.ledger.entry import EntryKind

STYLES = {FAULT: "bold magenta", EntryKind.KEPT.value: "bold green", EntryKind.BEGUN.value: "cyan"}
"""How each kind of thing looks; what is not here is plain."""


def told_view(told: Told) -> RenderableType:
    """Return a thing that was told, ready to be printed: when, what, and its number in the ledger."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=7, justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    number = f" (ledger #{told.number})" if told.number is not None else ""
    table.add_row(Text(f"{told.at_s:.0f} s", style="dim"), Text(told.words + number, style=_style(told)))
    return table


def _style(told: Told) -> str:
    if told.kind == TARGET:
        return "bold red" if told.state == State.VIOLATED.value else "bold green"
    return "yellow" if told.kind in TAKEN_BACK else STYLES.get(told.kind, "")
