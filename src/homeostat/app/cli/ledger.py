"""`homeostat ledger`: what was changed, why, and what proves it."""

from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.app.cli.exits import Exit
from homeostat.app.cli.loop_options import Json, Service, StoreOption, loop_desk

if TYPE_CHECKING:
    from homeostat.prove.ledger.ledger import Ledger


def ledger(
    service: Service = None,
    last: Annotated[int, typer.Option(min=1, help="How many entries, the newest.")] = 50,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only check that no entry was altered; exit code 1 if one was.")
    ] = False,
    as_json: Json = False,
    store: StoreOption = None,
) -> None:
    """Tell the story of all changes: what was tried, kept, taken back, by whom and on what proof.

    Example: [bold]homeostat ledger --last 10[/bold]
    """
    with loop_desk(store) as desk:
        name = desk.loop(service).service
        found = desk.ledger(name)
    broken = found.broken()
    if verify:
        _verified(found, broken)
        return
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(found.entries[-last:]).decode())
    else:
        from homeostat.prove.ledger.story import story

        for entry in found.entries[-last:]:
            typer.echo(story(entry))
        if not found.entries:
            typer.echo(f"The loop of {name} has changed nothing yet.")
    if broken is not None:
        typer.echo(f"This ledger cannot be trusted: {broken}.", err=True)
        raise typer.Exit(Exit.FAILED)


def _verified(found: "Ledger", broken: str | None) -> None:
    if broken is not None:
        typer.echo(f"This ledger cannot be trusted: {broken}.", err=True)
        raise typer.Exit(Exit.FAILED)
    typer.echo(f"All {len(found.entries)} entries are as they were written; head {found.head or 'none'}")
