"""`homeostat experience`: how people fare, and whether everybody can use the pages."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homeostat.app.cli.loop_options import StoreOption

if TYPE_CHECKING:
    from rich.table import Table

Cells = Iterator[str]

experience = typer.Typer(help="How people fare with an application.", no_args_is_help=True)

Endpoint = Annotated[str, typer.Option(envvar="HOMEOSTAT_ENDPOINT", help="Address of the server.")]
Token = Annotated[str | None, typer.Option(envvar="HOMEOSTAT_TOKEN", help="The server's token.")]


@experience.command()
def show(
    service: Annotated[str, typer.Argument(help="Whose; may be left out where there is one.")] = "",
    endpoint: Endpoint = "http://127.0.0.1:4318",
    token: Token = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what the page Experience shows: figures of 30 days with their 95% interval, n and the share of
    people who answered; tasks, learning, who came back, and what is used.

    Example: [bold]homeostat experience show shop[/bold]
    """
    from homeostat.app.cli.client import Client

    with Client(endpoint, token) as client:
        found = client.get("/api/experience", **({"service": service} if service else {}))
    if as_json:
        import json

        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if found["figures"] is None:
        typer.echo("No application tells how people fare with it yet: docs/how-to/measure-experience.md")
        return
    _print(found)


@experience.command()
def comments(
    service: Annotated[str, typer.Argument(help="Whose; may be left out where there is one.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 100,
    store: StoreOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what people wrote, where comments are declared. Needs the key that lies beside the store.

    Example: [bold]homeostat experience comments shop --limit 20[/bold]
    """
    import os
    from datetime import UTC, datetime

    from homeostat.app.cli.stored_at import stored_at
    from homeostat.loop.homeostat import Homeostat
    from homeostat.loop.kept_here import key_file
    from homeostat.loop.settings import default_store
    from homeostat.runtime.experience.experiences import Experiences
    from homeostat.runtime.experience.pseudonyms import key_at

    with stored_at(store) as opened, Homeostat(keep=False, collect=False) as hs:
        key = key_file(store or default_store())
        experiences = Experiences(hs, lambda batch: False, opened, lambda: key_at(key, os.environ))
        found = experiences.of(service).comments(limit)
    if as_json:
        import json

        typer.echo(json.dumps([{"at_ns": at_ns, "comment": text} for at_ns, text in found], indent=2))
        return
    for at_ns, text in found:
        typer.echo(f"{datetime.fromtimestamp(at_ns / 1e9, UTC):%Y-%m-%d}  {_one_line(text)}")


@experience.command()
def accessibility(
    address: Annotated[str, typer.Argument(help="A page; those that its header leads to are checked too.")],
    token: Token = None,
    service: Annotated[str, typer.Option(help="Whose pages they are, in the metric.")] = "homeostat",
    store: Annotated[
        str | None,
        typer.Option(envvar="HOMEOSTAT_STORE", help="Where the share is kept; - keeps it nowhere."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run axe-core over the pages of a server in Chromium, light and dark, and keep the share without fault.

    Exits with 1 where there is something to mend.

    Example: [bold]homeostat experience accessibility http://127.0.0.1:4318[/bold]
    """
    from homeostat.app.accessibility import check_pages, share_accessible
    from homeostat.loop.homeostat import Homeostat
    from homeostat.runtime.experience.measures import accessibility as record

    pages = check_pages(address, token)
    share = share_accessible(pages)
    if store != "-":
        with Homeostat(service, store=store, release="", collect=False) as hs:
            record(hs, service, share)
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps({"share": share, "pages": [asdict(page) for page in pages]}, indent=2))
    else:
        for page in pages:
            typer.echo(f"{'✗' if page.faults else '✓'} {page.path}")
            for fault in page.faults:
                typer.echo(f"    {fault.impact} {fault.rule} at {fault.target} ({fault.seen})")
        well = sum(not page.faults for page in pages)
        typer.echo(f"{well} of {len(pages)} pages without fault ({share:.0%}), by axe-core")
    if share < 1.0:
        raise typer.Exit(1)


def _one_line(text: str) -> str:
    """Return what somebody wrote without what would move the cursor, or pass for another comment."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _print(found: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console()
    console.print(f"{found['service']}, {found['days']} days", markup=False)
    names: Sequence[str] = ("figure", "value", "95%", "target", "rests on", "response rate")
    console.print(_table(names, map(_figure, found["rows"])))
    if found["tasks"]:
        names = ("task", *(figure["name"].lower() for figure in found["tasks"][0]["figures"]), "rests on")
        console.print(_table(names, map(_task, found["tasks"])))
    for learnt in found["learning"]:
        console.print(f"{learnt['task']}: {learnt['words']}", markup=False)
    if found["cohorts"]:
        weeks = max(len(cohort["weeks"]) for cohort in found["cohorts"])
        names = ("first came", "people", *(f"week {k + 2}" for k in range(weeks)))
        console.print(_table(names, map(_cohort, found["cohorts"])))
    if found["features"]:
        names = ("feature", "share of people", "uses a user", "uses", "rests on")
        console.print(_table(names, map(_feature, found["features"])))


def _table(columns: Sequence[str], rows: Iterable[Cells]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False, header_style="dim")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _figure(row: dict[str, Any]) -> Cells:
    yield row["name"]
    yield row["words"]
    yield row["interval_words"]
    yield f"≥ {row['target_words']} {row['state']}".strip() if row["target_words"] else ""
    yield f"{row['basis_words']} ({row['care']})" if row["care"] else row["basis_words"]
    yield row["response_words"]


def _task(row: dict[str, Any]) -> Cells:
    yield row["task"]
    yield from map(_cell, row["figures"])
    yield row["figures"][0]["basis_words"]


def _cohort(row: dict[str, Any]) -> Cells:
    yield row["week"]
    yield f"{row['people']:,}"
    yield from ("to come" if week is None else _cell(week) for week in row["weeks"])


def _feature(row: dict[str, Any]) -> Cells:
    share = row["share"]
    yield share["name"]
    yield _cell(share) if share["known"] else share["interval_words"]
    yield row["uses_each_words"]
    yield row["uses_words"]
    yield share["basis_words"]


def _cell(row: dict[str, Any]) -> str:
    return f"{row['words']} {row['interval_words']}" if row["known"] else row["words"]
