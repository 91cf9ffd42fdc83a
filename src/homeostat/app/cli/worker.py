"""`homeostat worker`: runs the jobs of an application until it is told to stop."""

import asyncio
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from homeostat.app.cli.loop_options import Json
from homeostat.core.errors import ConfigError, InputError

if TYPE_CHECKING:
    from homeostat.runtime.jobs import Jobs
    from homeostat.runtime.jobs.worker import Worker

STATUS_INTERVAL_S = 10.0


def worker(
    target: Annotated[str, typer.Argument(metavar="MODULE:JOBS", help="Where the Jobs object is.")],
    concurrency: Annotated[int, typer.Option(min=1, max=512, help="Jobs that run at once.")] = 10,
    drain: Annotated[
        float, typer.Option(min=0.0, help="Seconds that running jobs get once it is to stop.")
    ] = 30.0,
    health: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port of loopback that answers 200 while it is healthy."),
    ] = None,
    as_json: Json = False,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the jobs of an application. The first Ctrl-C (or SIGTERM) drains, the second hands back what runs.

    Example: [bold]homeostat worker app.tasks:jobs --concurrency 20[/bold]
    """
    from homeostat.app.cli.logs import configure_logs

    configure_logs(log_level)
    jobs = load_jobs(target)
    asyncio.run(_work(jobs, concurrency, drain, health, typer.echo if as_json else None))
    _leave_threads(jobs)


def _leave_threads(jobs: "Jobs") -> None:
    """End the process although functions still run in threads, which nothing can stop.

    Their runs were handed back, and the interpreter would wait for them, for ever if need be.
    """
    from homeostat.loop.homeostat import Homeostat

    main = threading.main_thread()
    if not any(t.is_alive() and not t.daemon and t is not main for t in threading.enumerate()):
        return
    if isinstance(jobs.host, Homeostat):
        jobs.host.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def load_jobs(target: str) -> "Jobs":
    """Return the object that `MODULE:NAME` means; modules of the working directory come first."""
    from homeostat.runtime.jobs import Jobs

    module_name, colon, name = target.partition(":")
    if not (module_name and colon and name):
        raise ConfigError(f"say where the jobs are as MODULE:NAME, such as app.tasks:jobs, not {target!r}")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise InputError(
            f"module {error.name!r} is not to be found from here (wanted by {target!r})"
        ) from error
    found = getattr(module, name, None)
    if not isinstance(found, Jobs):
        there = ", ".join(sorted(n for n, value in vars(module).items() if isinstance(value, Jobs)))
        raise InputError(f"{target!r} is no Jobs object; the module has: {there or 'none'}")
    return found


async def _work(
    jobs: "Jobs", concurrency: int, drain_s: float, health: int | None, say: Callable[[str], None] | None
) -> None:
    from homeostat.app.cli.health_port import health_port

    made = await jobs.worker(concurrency, drain_s)
    loop = asyncio.get_running_loop()

    def told() -> None:
        made.stop(at_once=made.status().draining)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    telling = asyncio.create_task(_tell(made, say)) if say is not None else None
    try:
        async with health_port(health, lambda: (made.status().healthy, _status(made))) as port:
            if say is None:
                typer.echo(f"Worker {made.id} runs {', '.join(jobs.definitions)} ({made.status().engine})")
                if port is not None:
                    typer.echo(f"  health   http://127.0.0.1:{port}/health")
                typer.echo("  stop     Ctrl-C, twice to hand back what runs")
            await made.run()
    finally:
        if telling is not None:
            telling.cancel()
        await jobs.close()
    if say is not None:
        say(_status(made))
    else:
        typer.echo(
            f"Worker {made.id} ended: {made.status().ended} runs, {made.status().refused} came too late"
        )


async def _tell(made: "Worker", say: Callable[[str], None]) -> None:
    while True:
        say(_status(made))
        await asyncio.sleep(STATUS_INTERVAL_S)


def _status(made: "Worker") -> str:
    return msgspec.json.encode(asdict(made.status())).decode()
