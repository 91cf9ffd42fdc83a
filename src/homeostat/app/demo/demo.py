"""The demo: starts everything on this machine, drives it, and tells what was seen."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import msgspec
import psutil
from rich.console import Console

from homeostat.app.demo import load
from homeostat.app.demo.load_view import LoadView
from homeostat.app.demo.readings import Readings
from homeostat.app.demo.service import SERVICE
from homeostat.app.demo.summary import Summary, breaches_of, losses_of, overhead_of, stages_of
from homeostat.app.demo.summary_view import summary_view
from homeostat.app.launch.server import StartedServer, start_server
from homeostat.core.errors import HomeostatError
from homeostat.prove.replay_result import ReplayResult
from homeostat.testing.child import Child

FLUSH_WAIT_S = 1.6
"""The last values are folded within a second and then sent."""

EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


@dataclass(frozen=True, slots=True)
class Running:
    """The processes of a demo."""

    server: StartedServer
    model: Child
    assistant: Child


def run_demo(
    seconds: float = 60.0,
    port: int = 0,
    as_json: bool = False,
    keep_serving: bool | None = None,
    folder: Path | None = None,
) -> int:
    """Run the demo under load for so long, print its summary, and return the exit status: 0, 130 on Ctrl-C.

    At a terminal (or as `keep_serving` says) it goes on serving until Ctrl-C. What was measured goes to
    `folder`, else to one that is deleted at the end. All processes that it starts end with it, however
    it ends. Raises HomeostatError where one of them does not start.
    """
    console = Console(stderr=as_json, highlight=False)
    serving = sys.stdout.isatty() and not as_json if keep_serving is None else keep_serving
    try:
        with ExitStack() as stack:
            stack.enter_context(terminable())
            running = _start(stack, console, port, folder)
            summary = _measure(running, console, seconds)
            if as_json:
                sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
                sys.stdout.flush()
            else:
                console.print(summary_view(summary))
            if serving:
                console.print(f"\nThe page stays at [bold]{summary.page}[/bold] until Ctrl-C.")
                wait_for_interrupt()
    except KeyboardInterrupt:
        console.print("Stopped before its end.")
        return EXIT_INTERRUPTED
    return 0


def wait_for_interrupt() -> None:
    """Return at Ctrl-C."""
    with suppress(KeyboardInterrupt):
        signal.pause()


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end this process by an exception, so that what it started is ended too."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(EXIT_TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _start(stack: ExitStack, console: Console, port: int, folder: Path | None) -> Running:
    home = folder or Path(stack.enter_context(TemporaryDirectory(prefix="homeostat-demo-")))
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("HOMEOSTAT_", "OTEL_"))}
    server = start_server({**plain, "HOMEOSTAT_STORE": str(home / "demo.db")}, keep=False, port=port)
    stack.callback(server.stop)
    console.print(f"The page: [bold]{server.endpoint}[/bold]")
    model = stack.enter_context(Child("homeostat.testing.simulated_model", load.MODEL_ARGUMENTS))
    server.wait_until_ready()
    assistant = stack.enter_context(
        Child(
            "homeostat.app.demo.service",
            ("--model-url", f"{model.url}/v1"),
            environment={"HOMEOSTAT_ENDPOINT": server.endpoint},
        )
    )
    console.print(
        f"An assistant answers questions about the standard library at {assistant.url},\n"
        f"with a simulated model at {model.url} (no language model runs). Load is coming.",
        style="dim",
    )
    return Running(server, model, assistant)


def _measure(running: Running, console: Console, seconds: float) -> Summary:
    begin_ns = time.time_ns()
    with LoadView(console, seconds) as view:
        requests = asyncio.run(load.drive(running.assistant.url, running.server.endpoint, seconds, view.show))
    time.sleep(FLUSH_WAIT_S)
    for name, child in (("simulated model", running.model), ("assistant", running.assistant)):
        if not child.running:
            raise HomeostatError(f"the {name} ended before the demo did; start the demo again")
    readings = Readings(running.server.endpoint, begin_ns, time.time_ns())
    try:
        return _summary(readings, running, requests, begin_ns)
    finally:
        readings.close()


def _summary(readings: Readings, running: Running, requests: ReplayResult, begin_ns: int) -> Summary:
    overview = readings.overview()
    operations = readings.operations()
    spend = readings.spend()
    server = psutil.Process(running.server.process.pid)
    times = server.cpu_times()
    return Summary(
        page=running.server.endpoint,
        sentence=overview.sentence,
        requests=requests,
        series=readings.series(),
        operations=sum(row.n for row in operations),
        model_calls=spend.calls,
        total_tokens=spend.total_tokens,
        cached_tokens=spend.cached_tokens,
        limits=overview.limits,
        limits_broken=overview.broken,
        limits_unknown=overview.unknown,
        breaches=breaches_of(readings, overview.rows, begin_ns),
        stages=stages_of(operations),
        spend=tuple(spend.rows),
        cost_words=spend.cost_words,
        losses=losses_of(readings),
        overhead=overhead_of(readings, SERVICE, times.user + times.system, server.memory_info().rss),
    )
