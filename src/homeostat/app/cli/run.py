"""`homeostat run`: a program, observed."""

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.core.errors import NotAvailable

if TYPE_CHECKING:
    from homeostat.app.launch.environment import Destination
    from homeostat.app.launch.server import StartedServer


def run(
    command: Annotated[
        list[str], typer.Argument(metavar="-- COMMAND...", help="The program and its arguments.")
    ],
    service: Annotated[
        str | None, typer.Option(help="Name of the application.  [default: that of the program]")
    ] = None,
    release: Annotated[
        str | None, typer.Option(envvar="HOMEOSTAT_RELEASE", help="Release of it, for `homeostat compare`.")
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(envvar="HOMEOSTAT_ENDPOINT", help="Address of a server; without one, one is started."),
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="HOMEOSTAT_TOKEN", help="Secret of that server.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave a server that was started here running afterwards.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing unless something is wrong.")
    ] = False,
) -> None:
    """Start a program under observation; calls through the OpenAI SDK and MCP show up by themselves.

    The program keeps this terminal, its signals and its exit code. What OpenTelemetry settings it has of
    its own win.

    Example: [bold]homeostat run --service shop -- python app.py --port 8000[/bold]
    """
    from homeostat.app.launch.bundle import bundle
    from homeostat.app.launch.child import leave_as, run_child
    from homeostat.app.launch.environment import Destination, child_environment, elsewhere, service_of
    from homeostat.app.launch.watch import Watch

    started = None
    if endpoint is None:
        endpoint, started = _server(keep)
    if endpoint is None:
        leave_as(run_child(command, os.environ))
    name = service or os.environ.get("HOMEOSTAT_SERVICE") or os.environ.get("OTEL_SERVICE_NAME")
    to = Destination(endpoint.rstrip("/"), name or service_of(command), token, release or "")
    if other := elsewhere(os.environ, to.endpoint):
        _say(
            f"{other} is set, so that OpenTelemetry's data goes to {os.environ[other]}, not to {to.endpoint}"
        )
    if not quiet:
        _say(f"{to.service} is observed, the page is {to.endpoint}")
    watch = Watch(to)
    began_ns = time.time_ns()
    try:
        code = run_child(command, child_environment(os.environ, to, bundle()), watch.start)
        watch.stop()
        if not quiet and not other:
            _tell_what_was_spent(to, began_ns)
    finally:
        if started is not None:
            started.stop()
    if started is not None and not quiet:
        _say(_after(started))
    leave_as(code)


def _tell_what_was_spent(to: "Destination", began_ns: int) -> None:
    from homeostat.app.cli.spent import spent
    from homeostat.core.errors import HomeostatError

    try:
        words = spent(to, began_ns, time.time_ns())
    except HomeostatError as error:
        _say(f"what the run spent is not known: {error}")
    else:
        if words:
            _say(words)


def _server(keep: bool) -> "tuple[str | None, StartedServer | None]":
    """Return the address of the server that answers, or of one started now.

    Where neither works there is none: a program runs unobserved rather than not at all.
    """
    from homeostat.app.launch.server import DEFAULT_ENDPOINT, answers, start_server

    if answers(DEFAULT_ENDPOINT):
        return DEFAULT_ENDPOINT, None
    started = None
    try:
        started = start_server(os.environ, keep)
        started.wait_until_ready()
    except (NotAvailable, OSError) as error:
        _say(f"no server could be started, the program runs unobserved: {error}")
        if started is not None:
            started.stop()
        return None, None
    return started.endpoint, started


def _after(started: "StartedServer") -> str:
    if started.kept:
        return f"the server goes on at {started.endpoint} (process {started.process.pid})"
    return "the server has ended with the program; `homeostat up` shows again what was measured"


def _say(text: str) -> None:
    """Talk beside the program: on stderr, so that its output stays its own."""
    sys.stderr.write(f"homeostat: {text}\n")
    sys.stderr.flush()
