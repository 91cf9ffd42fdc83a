"""`homeostat jobs`: what waits, runs and is dead in a queue, and orders about it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
import typer

from homeostat.app.cli.exits import Exit
from homeostat.app.cli.loop_options import Json
from homeostat.core.errors import InputError

if TYPE_CHECKING:
    from homeostat.runtime.jobs import Job, Jobs

T = TypeVar("T")

At = Annotated[
    str, typer.Option("--at", envvar="HOMEOSTAT_JOBS", help="The queue: a file, or the URL of its server.")
]
Records = Annotated[
    str, typer.Option(envvar="HOMEOSTAT_JOBS_RECORDS", help="Beside RabbitMQ: the Redis with the records.")
]
Name = Annotated[str, typer.Option(help="The queue's name, as the application gave it.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of jobs.")]

jobs = typer.Typer(help="Look at a queue of jobs, and give orders.", no_args_is_help=True)


@jobs.callback()
def group() -> None:
    """Hold the commands together."""


@jobs.command("status")
def status(at: At, records: Records = "", name: Name = "jobs", as_json: Json = False) -> None:
    """Say how much waits, runs and is dead.

    Example: [bold]homeostat jobs status --at jobs.db[/bold]
    """
    depth = _with(at, records, name, lambda queue: queue.depth())
    if as_json:
        typer.echo(msgspec.json.encode(depth).decode())
        return
    typer.echo(f"ready {depth.ready}, the oldest for {depth.oldest_age_ms / 1e3:.1f} s")
    typer.echo(f"scheduled {depth.scheduled}, running {depth.running}, dead {depth.dead}")


@jobs.command("list")
def list_(
    state: Annotated[str, typer.Argument(help="scheduled, ready, running, done, dead or cancelled.")],
    at: At,
    records: Records = "",
    name: Name = "jobs",
    job: Annotated[str, typer.Option(help="Only those of this job.")] = "",
    last: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest.")] = 20,
    as_json: Json = False,
) -> None:
    """List jobs in one state; `dead` are the dead letters. Arguments and results are not shown.

    Example: [bold]homeostat jobs list dead --at jobs.db[/bold]
    """
    from homeostat.runtime.jobs import State

    if state not in list(State):
        raise InputError(f"jobs have no state {state!r}; they have {', '.join(State)}")
    found = _with(at, records, name, lambda queue: queue.list(State(state), job, last))
    if as_json:
        typer.echo(msgspec.json.encode([_shown(one) for one in found]).decode())
        return
    for one in found:
        error = one.error.partition("\n")[0]
        typer.echo(f"{one.id}  {one.name}  runs {one.token}  {_moment(one.made_ns)}  {error}".rstrip())
    if not found:
        typer.echo(f"No job is {state}.")


@jobs.command("show")
def show(
    id: Annotated[str, typer.Argument(metavar="ID")],
    at: At,
    records: Records = "",
    name: Name = "jobs",
    result: Annotated[bool, typer.Option("--result", help="Print its result as well, as JSON.")] = False,
    as_json: Json = False,
) -> None:
    """Show one job: where it stands, how often it ran, what its last error was.

    Example: [bold]homeostat jobs show 01a1f9d6b04d65b827cc256bb9e5e4a1 --at jobs.db[/bold]
    """
    one = _with(at, records, name, lambda queue: queue.get(id))
    if one is None:
        raise InputError(f"there is no job {id!r}, or no longer")
    shown = _shown(one) | ({"result": msgspec.Raw(one.result.encode() or b"null")} if result else {})
    if as_json:
        typer.echo(msgspec.json.encode(shown).decode())
        return
    for field, value in shown.items():
        text = bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value)
        typer.echo(f"{field:<10}{text}")


@jobs.command("retry")
def retry(ids: Ids, at: At, records: Records = "", name: Name = "jobs") -> None:
    """Send dead or cancelled jobs again, as if they were new.

    Example: [bold]homeostat jobs retry 01a1f9d6b04d65b827cc256bb9e5e4a1 --at jobs.db[/bold]
    """
    _ordered("sent again", ids, _with(at, records, name, lambda queue: queue.send_again(*ids)))


@jobs.command("cancel")
def cancel(ids: Ids, at: At, records: Records = "", name: Name = "jobs") -> None:
    """Cancel jobs that are not over; one that runs is told within a fraction of the lease.

    Example: [bold]homeostat jobs cancel 01a1f9d6b04d65b827cc256bb9e5e4a1 --at jobs.db[/bold]
    """
    _ordered("cancelled", ids, _with(at, records, name, lambda queue: queue.cancel(*ids)))


@jobs.command("forget")
def forget(ids: Ids, at: At, records: Records = "", name: Name = "jobs") -> None:
    """Forget jobs that are over, with their results and keys.

    Example: [bold]homeostat jobs forget 01a1f9d6b04d65b827cc256bb9e5e4a1 --at jobs.db[/bold]
    """
    _ordered("forgotten", ids, _with(at, records, name, lambda queue: queue.forget(*ids)))


def _with(at: str, records: str, name: str, ask: "Callable[[Jobs], Awaitable[T]]") -> T:
    from homeostat.loop.homeostat import Homeostat
    from homeostat.runtime.jobs import Jobs
    from homeostat.runtime.jobs.opening import file_of

    if "://" not in at or at.startswith("sqlite:"):
        path = file_of(at)
        if not path.is_file():
            raise InputError(f"there is no queue at {path}; --at names another")

    async def run() -> T:
        with Homeostat(keep=False, collect=False) as hs:
            async with Jobs(hs, at, name=name, records=records) as queue:
                return await ask(queue)

    return asyncio.run(run())


def _ordered(what: str, asked: Sequence[str], held: Sequence[str]) -> None:
    for id in asked:
        typer.echo(f"{id}  {what if id in held else f'not {what}: unknown, or in no state for that'}")
    if len(held) < len(set(asked)):
        raise typer.Exit(Exit.FAILED)


def _shown(one: "Job") -> dict[str, Any]:
    times = {"made": one.made_ns, "due": one.due_ns, "ended": one.ended_ns}
    return {
        "id": one.id,
        "name": one.name,
        "state": one.state.value,
        "key": one.key,
        "priority": one.priority,
        **{field: _moment(ns) for field, ns in times.items()},
        "runs": one.token,
        "failures": one.failures,
        "lost": one.lost,
        "progress": one.progress,
        "note": one.note,
        "error": one.error,
    }


def _moment(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="seconds") if ns else ""
