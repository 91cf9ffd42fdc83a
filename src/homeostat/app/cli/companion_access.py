"""`homeostat companion token`, `flags` and `audit`: who may do what, who gets what, what was done."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from homeostat.app.cli.companion_data import Folder, Store
from homeostat.app.cli.companion_exchange import BY, opened
from homeostat.app.cli.loop_options import Json
from homeostat.core.errors import InputError

token = typer.Typer(help="Make tokens, list them, take them back.", no_args_is_help=True)
flags = typer.Typer(help="Who gets which features.", no_args_is_help=True)


@token.callback()
def token_group() -> None:
    """Hold the commands together."""


@flags.callback()
def flags_group() -> None:
    """Hold the commands together."""


@token.command("issue")
def issue(
    scopes: Annotated[list[str], typer.Argument(help="read, write, export, forget, admin.")],
    data: Folder = None,
    store: Store = None,
    person: Annotated[
        str | None, typer.Option(help="Whose memory alone it opens; none: a service's.")
    ] = None,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[float, typer.Option(help="How long it works; 0 is for ever.")] = 0.0,
) -> None:
    """Make a token and print it: it is shown here and never again.

    Example: [bold]homeostat companion token issue read write --person ann --days 90[/bold]
    """
    from homeostat.companion.access.grant import scopes_of

    with opened(data, store) as node:
        made, _ = node.access.issue(
            scopes_of(scopes), person=person, label=label, lasts_s=days * 86_400, by=BY
        )
    typer.echo(made.text)


@token.command("list")
def list_(data: Folder = None, store: Store = None, as_json: Json = False) -> None:
    """List tokens, without their secrets.

    Example: [bold]homeostat companion token list[/bold]
    """
    from homeostat.app.companion.administration import shown

    with opened(data, store) as node:
        grants = [shown(grant) for grant in node.access.all()]
    if as_json:
        typer.echo(msgspec.json.encode(grants).decode())
        return
    for grant in grants:
        state = f"taken back {grant.revoked}" if grant.revoked else f"until {grant.expires or 'for ever'}"
        who = "service" if grant.person is None else f"person {grant.person}"
        typer.echo(f"{grant.id}  {who}  {' '.join(grant.scopes)}  {state}  {grant.label}".rstrip())
    if not grants:
        typer.echo("There is no token.")


@token.command("revoke")
def revoke(
    id: Annotated[str, typer.Argument(metavar="ID")], data: Folder = None, store: Store = None
) -> None:
    """Take a token back; servers that run obey within two seconds.

    Example: [bold]homeostat companion token revoke 0123456789abcdef[/bold]
    """
    with opened(data, store) as node:
        if not node.access.revoke(id, BY):
            raise InputError(
                f"there is no token with the id {id!r}; `homeostat companion token list` has them"
            )
    typer.echo(f"{id}  taken back")


@flags.command("list")
def list_flags(data: Folder = None, store: Store = None, as_json: Json = False) -> None:
    """List the flags with what was set by hand.

    Example: [bold]homeostat companion flags list[/bold]
    """
    with opened(data, store) as node:
        found = node.flags.all()
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    for name, setting in found.items():
        share = "left to the loop" if setting.percent is None else f"{setting.percent}%"
        lists = f"{len(setting.allow)} allowed, {len(setting.deny)} denied"
        typer.echo(f"{name}  {'off for everybody' if setting.killed else share}  {lists}")


@flags.command("set")
def set_(
    name: Annotated[str, typer.Argument(metavar="FLAG")],
    data: Folder = None,
    store: Store = None,
    percent: Annotated[int, typer.Option(min=0, max=100, help="Share of people who get it.")] = 100,
    to_loop: Annotated[
        bool, typer.Option("--to-loop", help="Leave the share to the loop, which may try others.")
    ] = False,
    allow: Annotated[list[str] | None, typer.Option(help="A person who gets it; may be repeated.")] = None,
    deny: Annotated[list[str] | None, typer.Option(help="One who does not; may be repeated.")] = None,
    kill: Annotated[bool, typer.Option("--kill", help="Off for everybody, at once.")] = False,
) -> None:
    """Set a flag, in place of what was set before; servers that run obey within two seconds.

    Example: [bold]homeostat companion flags set mirror --percent 20 --allow ann[/bold]
    """
    from homeostat.companion.access.audit import Act
    from homeostat.companion.flags import Setting

    setting = Setting(
        percent=None if to_loop else percent,
        allow=frozenset(allow or ()),
        deny=frozenset(deny or ()),
        killed=kill,
    )
    with opened(data, store) as node:
        node.flags.set(name, setting)
        node.audit.note(Act.FLAG_SET, BY, about=name)
    typer.echo(f"{name}  set")


def audit(
    data: Folder = None,
    store: Store = None,
    verify: Annotated[bool, typer.Option("--verify", help="Follow the whole chain first.")] = False,
    last: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest.")] = 50,
    as_json: Json = False,
) -> None:
    """Tell what was done, by whom, with whose memory; people stand there as digests.

    Example: [bold]homeostat companion audit --verify[/bold]
    """
    with opened(data, store) as node:
        head = node.audit.verify() if verify else None
        entries = node.audit.newest(last)
    if as_json:
        rows = [{"number": number, **msgspec.structs.asdict(entry)} for number, entry in entries]
        typer.echo(msgspec.json.encode({"entries": rows, "head": head and head.digest.hex()}).decode())
        return
    for number, entry in entries:
        at = datetime.fromtimestamp(entry.at_us / 1e6, UTC).isoformat(timespec="seconds")
        typer.echo(
            f"{number}  {at}  {entry.act.value}  by {entry.by or '-'}  {entry.person} {entry.about}".rstrip()
        )
    if head is not None:
        typer.echo(f"The chain holds up to entry {head.number}: {head.digest.hex()}")
