"""`homeostat companion security` and `unblock`: what the checks found, and who is let in again."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from homeostat.app.cli.companion_data import Folder, Store
from homeostat.app.cli.companion_exchange import BY, opened
from homeostat.app.cli.exits import Exit
from homeostat.app.cli.loop_options import Json
from homeostat.core.errors import InputError


def security(data: Folder = None, store: Store = None, as_json: Json = False) -> None:
    """Show what the checks of security found last, what is not encrypted, and who is blocked.

    Exits with 1 where something was not as it should be.

    Example: [bold]homeostat companion security --json[/bold]
    """
    from homeostat.app.companion.checks import state_of

    with opened(data, store) as node:
        node.sentry.follow()
        state = state_of(node)
    if as_json:
        typer.echo(msgspec.json.encode(state).decode())
    else:
        for check, figure in state.checks.items():
            share = "not known" if figure.share is None else f"{figure.share:.4%}"
            typer.echo(f"{check:<15} {share:<10} {_time(figure.at_us)}  {figure.note}".rstrip())
            for fault in figure.faults:
                typer.echo(f"    {fault}")
        for plain in state.plain:
            typer.echo(f"not encrypted   {plain.file}, {plain.bytes} bytes: {plain.holds}")
        for block in state.blocks:
            typer.echo(f"blocked         {block.whom}  {block.kind}, until {_time(block.until_us)}")
    if any(figure.faults for figure in state.checks.values()):
        raise typer.Exit(Exit.FAILED)


def unblock(
    whom: Annotated[str, typer.Argument(metavar="WHOM", help="As `security` shows it.")],
    data: Folder = None,
    store: Store = None,
) -> None:
    """Let somebody in again who is blocked; servers that run obey within five seconds.

    Example: [bold]homeostat companion unblock token.0123456789abcdef[/bold]
    """
    with opened(data, store) as node:
        if not node.sentry.lift(whom, BY):
            raise InputError(f"nobody is blocked as {whom!r}; `homeostat companion security` shows who is")
    typer.echo(f"{whom}  is let in again")


def _time(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(timespec="seconds") if at_us else "never"
