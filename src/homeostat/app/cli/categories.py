"""`homeostat categories`: the limits of the catalogue by what they are about, and the score they make up."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from homeostat.app.cli.exits import Exit
from homeostat.loop.settings import DEFAULT_PORT

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

STYLES = {"violated": "bold red", "not known yet": "yellow", "within": "green"}


def categories(
    name: Annotated[
        str, typer.Argument(help="Only this one, with all its limits: what is not known says why.")
    ] = "",
    endpoint: Annotated[
        str, typer.Option(envvar="HOMEOSTAT_ENDPOINT", help="Address of the server.")
    ] = f"http://127.0.0.1:{DEFAULT_PORT}",
    token: Annotated[str | None, typer.Option(envvar="HOMEOSTAT_TOKEN", help="Secret of the server.")] = None,
    range_: Annotated[str, typer.Option("--range", help="15m, 1h, 6h, 24h, 7d or 30d.")] = "15m",
    as_json: Annotated[bool, typer.Option("--json", help="Print the server's answer as JSON.")] = False,
) -> None:
    """Show how the limits of the catalogue stand by category, the broken ones, and an overall score.

    The exit code is 1 if a limit is broken.

    Example: [bold]homeostat categories security[/bold]
    """
    from homeostat.app.cli.client import Client

    with Client(endpoint, token) as client:
        found = client.get("/api/categories", range=range_)
    one = _named(found["categories"], name) if name else None
    if as_json:
        import json

        typer.echo(json.dumps(one or found, ensure_ascii=False, indent=2))
    else:
        from rich.console import Console

        Console().print(whole(found) if one is None else alone(one))
    if any(c["broken"] for c in ([one] if one else found["categories"])):
        raise typer.Exit(Exit.FAILED)


def _named(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    from homeostat.core.errors import InputError

    known = {c["name"]: c for c in found}
    if name not in known:
        raise InputError(f"there is no category {name!r}; there are {', '.join(known)}")
    return known[name]


def whole(found: dict[str, Any]) -> "RenderableType":
    """Lay all categories out: the overall score, a row for each, and the limits that are broken."""
    from rich.console import Group
    from rich.text import Text

    made = _table("category", "hold", "broken", "not known", "in words")
    for c in found["categories"]:
        broken = Text(str(c["broken"]), STYLES["violated"] if c["broken"] else "")
        made.add_row(Text(c["name"], "bold"), str(c["holds"]), broken, str(c["unknown"]), Text(c["words"]))
    beyond = [limit for c in found["categories"] for limit in c["limits"] if limit["state"] == "violated"]
    head = Text(found["words"])
    return Group(head, Text(), made, Text(), _limits(beyond)) if beyond else Group(head, Text(), made)


def alone(category: dict[str, Any]) -> "RenderableType":
    """Lay one category out with all its limits."""
    from rich.console import Group
    from rich.text import Text

    head = Text.assemble((category["title"], "bold"), f": {category['words']}")
    return Group(head, Text(), _limits(category["limits"]))


def _limits(limits: list[dict[str, Any]]) -> "Table":
    from rich.text import Text

    made = _table("limit", "now, 95% interval", "held to", "state")
    for limit in limits:
        made.add_row(
            Text(limit["metric"], "bold"),
            Text(limit["now_words"]),
            Text(limit["limit_words"]),
            Text(limit["words"], STYLES[limit["state"]]),
        )
    return made


def _table(*titles: str) -> "Table":
    from rich.table import Table

    made = Table(expand=True, box=None, pad_edge=False, header_style="dim")
    for title in titles:
        made.add_column(title, overflow="fold", ratio=2 if title in ("in words", "state") else None)
    return made
