"""`homeostat watch`: chosen series in the terminal, each against thresholds of one's own."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homeostat.app.cli.exits import Exit
from homeostat.loop.settings import DEFAULT_PORT

if TYPE_CHECKING:
    from rich.console import RenderableType

    from homeostat.app.cli.client import Client

STYLES = {"critical": "bold red", "warning": "bold yellow", "not known yet": "yellow", "within": "green"}
SIGNS = {"critical": "▲", "warning": "◆", "not known yet": "◌", "within": "●"}
CROSSINGS_SHOWN = 10

Asked = dict[str, list[str]]


def watch(
    series: Annotated[
        list[str],
        typer.Argument(help="Such as 'p99 llm.duration' or 'operation.duration{operation=answer}'."),
    ],
    above: Annotated[str, typer.Option(help="Warn above this, such as '500 ms'.")] = "",
    below: Annotated[str, typer.Option(help="Warn below this, such as 0.9.")] = "",
    critical: Annotated[str, typer.Option(help="Critical beyond this, on the same side.")] = "",
    every: Annotated[str, typer.Option(help="How often to look, from 1 s to 1 min.")] = "2 s",
    over: Annotated[str, typer.Option(help="Over how long each value is, from 10 s to 15 min.")] = "1 min",
    only: Annotated[
        list[str] | None, typer.Option(help="Attribute that every series must have, as name=value.")
    ] = None,
    endpoint: Annotated[
        str, typer.Option(envvar="HOMEOSTAT_ENDPOINT", help="Address of the server.")
    ] = f"http://127.0.0.1:{DEFAULT_PORT}",
    token: Annotated[str | None, typer.Option(envvar="HOMEOSTAT_TOKEN", help="Secret of the server.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Print once and leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the server's answer once, as JSON.")] = False,
) -> None:
    """Watch series against thresholds of your own, until Ctrl-C. The thresholds hold for all that are named.

    With --once or --json the exit code is 1 if one is beyond a threshold.

    Example: [bold]homeostat watch 'operation.duration{operation=answer}' --above '500 ms' --every 2s[/bold]
    """
    from homeostat.app.cli.client import Client

    asked = query(series, above, below, critical, every, over, only or [])
    with Client(endpoint, token) as client:
        if not (once or as_json) and sys.stdout.isatty():
            _live(client, asked)
            return
        sight = client.get("/api/watch", **asked)
        if as_json:
            import json

            typer.echo(json.dumps(sight, ensure_ascii=False, indent=2))
        else:
            from rich.console import Console

            Console().print(view(sight, client.endpoint))
        if any(row["level"] in ("critical", "warning") for row in sight["rows"]):
            raise typer.Exit(Exit.FAILED)


def query(
    series: list[str], above: str, below: str, critical: str, every: str, over: str, only: list[str]
) -> Asked:
    """Return the query of a watch. Raises InputError where the thresholds contradict one another."""
    from homeostat.core.errors import InputError

    if above and below:
        raise InputError(f"--above {above!r} and --below {below!r}: a series is warned of on one side")
    side = "<" if below else ">" if above else ""
    warn = [f"{side} {above or below}" for _ in series if side]
    beyond = [f"{side} {critical}".strip() for _ in series if critical]
    return {
        "series": series,
        "warn": warn,
        "critical": beyond,
        "every": [every],
        "over": [over],
        "only": only,
    }


def _live(client: "Client", asked: Asked) -> None:
    """Ask in the watch's interval and draw in place; a server that goes away is waited for."""
    import time

    from rich.live import Live
    from rich.text import Text

    from homeostat.core.errors import NotAvailable

    sight = client.get("/api/watch", **asked)
    every_s = float(sight["every_s"])
    with Live(screen=True, auto_refresh=False) as live:
        try:
            while True:
                live.update(view(sight, client.endpoint), refresh=True)
                time.sleep(every_s)
                try:
                    sight = client.get("/api/watch", **asked)
                except NotAvailable as error:
                    live.update(Text(str(error), style="red"), refresh=True)
                    time.sleep(1.0)
        except KeyboardInterrupt:
            return


def view(sight: dict[str, Any], endpoint: str) -> "RenderableType":
    """Lay a watch out: the sentence, a row for each series, what was crossed, and its page."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    head = Text.assemble(sight["words"], "\n", (f"{endpoint}/watch?{sight['query']}", "dim"))
    table = Table(expand=True, box=None, pad_edge=False, header_style="dim")
    for title in ("", "series", "value", "95% interval", "warning", "critical", "state"):
        table.add_column(title, overflow="fold", ratio=3 if title == "series" else None)
    for found in sight["rows"]:
        row, bounds, style = found["row"], found["bounds"], STYLES.get(found["level"], "")
        table.add_row(
            Text(SIGNS.get(found["level"], "·"), style),
            Text(row["key"]),
            Text.assemble(f"{row['statistic']} ", (row["value_words"], "bold")),
            Text(row["interval_words"]),
            Text(bounds["warn_words"]),
            Text(bounds["critical_words"]),
            Text(found["words"], style),
        )
    crossed = [
        Text(f"{SIGNS[c['level']]} {_clock(c['at_ns'])} {c['key']}: {c['words']}", STYLES[c["level"]])
        for c in sight["crossings"][:CROSSINGS_SHOWN]
    ]
    notes = [Text(f"◌ {note}", "dim") for note in sight["notes"]]
    return Group(head, Text(), table, *crossed, *notes)


def _clock(ns: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ns / 1e9, UTC).strftime("%H:%M:%S")
