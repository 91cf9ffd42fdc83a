"""`homeostat bus`: how far the subscribers of a bus are, its dead letters, and orders about them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

from homeostat.app.cli.exits import Exit
from homeostat.app.cli.loop_options import Json
from homeostat.core.errors import InputError

if TYPE_CHECKING:
    from homeostat.runtime.bus import Bus, Letter

T = TypeVar("T")

At = Annotated[
    str,
    typer.Option("--at", envvar="HOMEOSTAT_BUS", help="The bus: a file, or the redis:// URL of its server."),
]
Name = Annotated[
    str, typer.Option(help="The bus's name, as the application gave it: in Redis it tells several apart.")
]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of dead letters.")]
Subscriber = Annotated[str, typer.Argument(metavar="SUBSCRIBER")]

bus = typer.Typer(help="Look at a bus and its dead letters, and give orders.", no_args_is_help=True)


@bus.callback()
def group() -> None:
    """Hold the commands together."""


@bus.command("list")
def list_(at: At, name: Name = "bus", as_json: Json = False) -> None:
    """List the subscribers: how many events are before each, and how old the first of them is.

    Example: [bold]homeostat bus list --at bus.db[/bold]
    """
    lags = _with(at, name, lambda one: one.lags())
    if as_json:
        typer.echo(msgspec.json.encode(lags).decode())
        return
    for lag in lags:
        age = f", the oldest for {lag.oldest_age_ms / 1e3:.1f} s" if lag.waiting else ""
        served = "served" if lag.served else "not served now"
        typer.echo(f"{lag.subscriber}  {lag.waiting} before it{age}  {lag.dead} dead letters  {served}")
    if not lags:
        typer.echo("No subscriber is known.")


@bus.command("dead")
def dead(
    at: At,
    name: Name = "bus",
    subscriber: Annotated[str, typer.Option(help="Only those of this subscriber.")] = "",
    last: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest.")] = 20,
    as_json: Json = False,
) -> None:
    """List dead letters: events that a subscriber could not take. What they say is not shown.

    Example: [bold]homeostat bus dead --at bus.db[/bold]
    """
    found = _with(at, name, lambda one: one.letters(subscriber, last))
    if as_json:
        typer.echo(msgspec.json.encode([_shown(letter) for letter in found]).decode())
        return
    for letter in found:
        when = _moment(letter.dead_ns)
        typer.echo(
            f"{letter.id}  {letter.name} v{letter.version}  tries {letter.failures}  {when}  {letter.error}"
        )
    if not found:
        typer.echo("There is no dead letter.")


@bus.command("requeue")
def requeue(ids: Ids, at: At, name: Name = "bus") -> None:
    """Have dead letters tried again by the subscriber whose they are.

    Example: [bold]homeostat bus requeue enrichment.17 --at bus.db[/bold]
    """
    _ordered("requeued", ids, _with(at, name, lambda one: one.requeue(*ids)))


@bus.command("forget")
def forget(ids: Ids, at: At, name: Name = "bus") -> None:
    """Throw dead letters away.

    Example: [bold]homeostat bus forget enrichment.17 --at bus.db[/bold]
    """
    _ordered("forgotten", ids, _with(at, name, lambda one: one.forget(*ids)))


@bus.command("replay")
def replay(
    subscriber: Subscriber,
    at: At,
    name: Name = "bus",
    after: Annotated[int, typer.Option(min=0, help="The events that follow this position; 0 for all.")] = 0,
    since: Annotated[
        datetime | None,
        typer.Option(help="The events from this time on, in UTC, such as 2026-11-20T18:30:00."),
    ] = None,
) -> None:
    """Have a subscriber get events again that are still kept.

    Example: [bold]homeostat bus replay enrichment --since 2026-11-20T18:30:00 --at bus.db[/bold]
    """
    moment = None if since is None else since.replace(tzinfo=UTC)
    position = _with(at, name, lambda one: one.seek(subscriber, after=after, since=moment))
    typer.echo(f"{subscriber} goes on behind position {position}")


@bus.command("leave")
def leave(subscriber: Subscriber, at: At, name: Name = "bus") -> None:
    """Forget a subscriber that nobody serves any more, with its letters: it holds publishers up otherwise.

    Example: [bold]homeostat bus leave enrichment --at bus.db[/bold]
    """

    async def left(one: "Bus") -> bool:
        known = any(lag.subscriber == subscriber for lag in await one.lags())
        await one.leave(subscriber)
        return known

    if not _with(at, name, left):
        raise InputError(f"the bus has no subscriber {subscriber!r}")
    typer.echo(f"{subscriber} is forgotten")


def _with(at: str, name: str, ask: "Callable[[Bus], Awaitable[T]]") -> T:
    from homeostat.loop.homeostat import Homeostat
    from homeostat.runtime.bus import Bus
    from homeostat.runtime.bus.opening import file_of

    if "://" not in at or at.startswith("sqlite:"):
        path = file_of(at)
        if not path.is_file():
            raise InputError(f"there is no bus at {path}; --at names another")

    async def run() -> T:
        with Homeostat(keep=False, collect=False) as hs:
            async with Bus(hs, at, name=name) as one:
                return await ask(one)

    return asyncio.run(run())


def _ordered(what: str, asked: Sequence[str], held: Sequence[str]) -> None:
    for id in asked:
        typer.echo(f"{id}  {what if id in held else f'not {what}: there is no such letter'}")
    if len(held) < len(set(asked)):
        raise typer.Exit(Exit.FAILED)


def _shown(letter: "Letter") -> dict[str, object]:
    return {
        "id": letter.id,
        "subscriber": letter.subscriber,
        "position": letter.position,
        "event": letter.name,
        "version": letter.version,
        "published": _moment(letter.at_ns),
        "dead": _moment(letter.dead_ns),
        "failures": letter.failures,
        "error": letter.error,
    }


def _moment(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="seconds")
