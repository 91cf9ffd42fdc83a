"""`homeostat status`: the overview in the terminal, live."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from homeostat.app.cli.exits import Exit
from homeostat.loop.settings import DEFAULT_PORT

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from homeostat.app.cli.client import Client

STYLES = {"violated": "bold red", "not known yet": "yellow", "within": "green", "no limit": "dim"}
ALERTS_MAX = 5
SIGNS = {"violated": "✗", "not known yet": "?", "within": "✓", "no limit": "·"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table, left out of terminals that are narrower than `width_min`."""

    name: str
    title: str
    justify: Literal["left", "right"] = "left"
    ratio: int | None = None
    width_min: int = 0


COLUMNS = (
    Column("sign", ""),
    Column("metric", "metric", ratio=3),
    Column("value", "value", "right"),
    Column("interval", "95% interval", "right", width_min=120),
    Column("limit", "limit", width_min=60),
    Column("state", "state", ratio=2),
    Column("trend", "trend", width_min=140),
    Column("n", "n", "right", width_min=80),
)


def status(
    endpoint: Annotated[
        str, typer.Option(envvar="HOMEOSTAT_ENDPOINT", help="Address of the server.")
    ] = f"http://127.0.0.1:{DEFAULT_PORT}",
    token: Annotated[str | None, typer.Option(envvar="HOMEOSTAT_TOKEN", help="Secret of the server.")] = None,
    range_: Annotated[str, typer.Option("--range", help="15m, 1h, 6h, 24h, 7d or 30d.")] = "15m",
    find: Annotated[str, typer.Option(help="Only metrics with this in their name or attributes.")] = "",
    once: Annotated[bool, typer.Option("--once", help="Print once and leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the server's answer once, as JSON.")] = False,
) -> None:
    """Show what is measured, against its limits, until Ctrl-C.

    With --once or --json the exit code is 1 if a limit is broken.

    Example: [bold]homeostat status --once --find llm.[/bold]
    """
    from homeostat.app.cli.client import Client

    with Client(endpoint, token) as client:
        if not (once or as_json) and sys.stdout.isatty():
            _live(client, range_, find)
            return
        overview = client.get("/api/overview", range=range_, find=find)
        overview["alerts"] = client.get("/api/alerts")["active"]
        if as_json:
            import json

            typer.echo(json.dumps(overview, ensure_ascii=False, indent=2))
        else:
            from rich.console import Console

            console = Console()
            console.print(view(overview, client.endpoint, console.width))
        if overview["broken"]:
            raise typer.Exit(Exit.FAILED)


def _live(client: "Client", range_: str, find: str) -> None:
    """Ask once a second and draw in place; a server that goes away is waited for."""
    import time

    from rich.live import Live
    from rich.text import Text

    from homeostat.core.errors import NotAvailable

    def ask() -> dict[str, Any]:
        found: dict[str, Any] = client.get("/api/overview", range=range_, find=find)
        return {**found, "alerts": client.get("/api/alerts")["active"]}

    overview = ask()
    with Live(screen=True, auto_refresh=False) as live:
        try:
            while True:
                size = live.console.size
                live.update(view(overview, client.endpoint, size.width, size.height - 6), refresh=True)
                time.sleep(1.0)
                try:
                    overview = ask()
                except NotAvailable as error:
                    live.update(Text(str(error), style="red"), refresh=True)
                    time.sleep(1.0)
        except KeyboardInterrupt:
            return


def alert_lines(alerts: list[dict[str, Any]]) -> "Text":
    """Return the active alerts, a line each, the worst first."""
    from rich.text import Text

    lines = Text()
    for alert in alerts[:ALERTS_MAX]:
        style = STYLES["violated"] if alert["severity"] == "critical" else STYLES["not known yet"]
        subject = f" ({alert['subject']})" if alert["subject"] else ""
        lines.append(f"\n! {alert['severity']}: {alert['target']}{subject}: {alert['words']}", style)
    if len(alerts) > ALERTS_MAX:
        lines.append(f"\n! and {len(alerts) - ALERTS_MAX} more alerts", STYLES["not known yet"])
    return lines


def view(overview: dict[str, Any], endpoint: str, width: int, rows_max: int = 1_000) -> "RenderableType":
    """Lay the overview out: the sentence, then a row for each metric, the broken ones first."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    head = Text.assemble(("Homeostat", "bold"), " ", (endpoint, "dim"), "\n", overview["sentence"])
    head.append_text(alert_lines(overview.get("alerts", [])))
    rows = overview["rows"]
    if not rows:
        return Group(head, Text("\nNothing yet. Start a program: homeostat run -- python app.py"))
    table = Table(expand=True, box=None, pad_edge=False, header_style="dim")
    shown = [column for column in COLUMNS if column.width_min <= width]
    for column in shown:
        table.add_column(
            column.title,
            justify=column.justify,
            no_wrap=column.ratio is None,
            ratio=column.ratio,
            overflow="fold",
        )
    for row in rows[: max(rows_max, 1)]:
        style = STYLES.get(row["state"], "")
        cells = {
            "sign": Text(SIGNS.get(row["state"], " "), style),
            "metric": Text.assemble(
                row["metric"], " ", (", ".join(f"{k}={v}" for k, v in row["attributes"]), "dim")
            ),
            "value": Text.assemble(f"{row['statistic']} ", (row["value_words"], "bold")),
            "interval": Text(row["interval_words"]),
            "limit": Text(row["limit_words"]),
            "state": Text(row["state_words"], style),
            "trend": Text(row["trend"]),
            "n": Text(f"{row['n']:,}"),
        }
        table.add_row(*(cells[column.name] for column in shown))
    left = overview["rows_total"] - min(len(rows), rows_max)
    more = [Text(f"and {left} more; --find narrows them", "dim")] if left > 0 else []
    return Group(head, Text(), table, *more)
