"""`homeostat status`: the overview in the terminal, live."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homeostat.app.cli.exits import Exit
from homeostat.loop.settings import DEFAULT_PORT

if TYPE_CHECKING:
    from rich.console import RenderableType

    from homeostat.app.cli.client import Client

STYLES = {"violated": "bold red", "not known yet": "yellow", "within": "green", "no limit": "dim"}
SIGNS = {"violated": "✗", "not known yet": "?", "within": "✓", "no limit": "·"}


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
        if as_json:
            import json

            typer.echo(json.dumps(overview, ensure_ascii=False, indent=2))
        else:
            from rich.console import Console

            Console().print(view(overview, client.endpoint))
        if overview["broken"]:
            raise typer.Exit(Exit.FAILED)


def _live(client: "Client", range_: str, find: str) -> None:
    """Ask once a second and draw in place; a server that goes away is waited for."""
    import time

    from rich.live import Live
    from rich.text import Text

    from homeostat.core.errors import NotAvailable

    shown: RenderableType = view(client.get("/api/overview", range=range_, find=find), client.endpoint)
    with Live(shown, screen=True, auto_refresh=False) as live:
        try:
            while True:
                live.update(shown, refresh=True)
                time.sleep(1.0)
                try:
                    overview = client.get("/api/overview", range=range_, find=find)
                    shown = view(overview, client.endpoint, live.console.height - 6)
                except NotAvailable as error:
                    shown = Text(str(error), style="red")
        except KeyboardInterrupt:
            return


def view(overview: dict[str, Any], endpoint: str, rows_max: int = 1_000) -> "RenderableType":
    """Lay the overview out: the sentence, then a row for each metric, the broken ones first."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    head = Text.assemble(("Homeostat", "bold"), " ", (endpoint, "dim"), "\n", overview["sentence"])
    rows = overview["rows"]
    if not rows:
        return Group(head, Text("\nNothing yet. Start a program: homeostat run -- python app.py"))
    table = Table(expand=True, box=None, pad_edge=False, header_style="dim")
    table.add_column("", width=1)
    table.add_column("metric", ratio=3, overflow="fold")
    for name, justify in (("", "left"), ("value", "right"), ("95% interval", "right"), ("limit", "left")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("state", ratio=2)
    table.add_column("trend", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for row in rows[: max(rows_max, 1)]:
        style = STYLES.get(row["state"], "")
        attributes = ", ".join(f"{k}={v}" for k, v in row["attributes"])
        table.add_row(
            Text(SIGNS.get(row["state"], " "), style),
            Text.assemble(row["metric"], " ", (attributes, "dim")),
            row["statistic"],
            Text(row["value_words"], "bold"),
            row["interval_words"],
            row["limit_words"],
            Text(row["state_words"], style),
            row["trend"],
            f"{row['n']:,}",
        )
    left = overview["rows_total"] - min(len(rows), rows_max)
    more = [Text(f"and {left} more; --find narrows them", "dim")] if left > 0 else []
    return Group(head, Text(), table, *more)
