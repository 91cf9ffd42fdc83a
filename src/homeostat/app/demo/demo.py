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
from homeostat.app.demo.fault import Fault, fault_for
from homeostat.app.demo.load_view import LoadView
from homeostat.app.demo.loop_outcome import LoopOutcome, outcome_of
from homeostat.app.demo.loop_watch import LoopWatch, Told
from homeostat.app.demo.names import SERVICE
from homeostat.app.demo.readings import Readings
from homeostat.app.demo.stretch import FAULT, stretches_of
from homeostat.app.demo.summary import Summary, breaches_of, losses_of, overhead_of, stages_of
from homeostat.app.demo.summary_view import summary_view
from homeostat.app.launch.server import StartedServer, start_server
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import HomeostatError
from homeostat.prove.load.replay_result import ReplayResult
from homeostat.testing.child import Child

POLICY = Path(__file__).with_name("policy.toml")
SECONDS = 150.0

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
    seconds: float = SECONDS,
    port: int = 0,
    as_json: bool = False,
    keep_serving: bool | None = None,
    folder: Path | None = None,
    fault: bool = True,
    act: bool = True,
) -> int:
    """Run the demo under load for so long, print its summary, and return the exit status: 0, 130 on Ctrl-C.

    After a while a fault is simulated, unless `fault` is false, and the loop of the assistant acts on it,
    unless `act` is false: then it only watches. At a terminal (or as `keep_serving` says) it goes on serving
    until Ctrl-C. What was measured goes to `folder`, else to one that is deleted at the end. All processes
    that it starts end with it, however it ends. Raises HomeostatError where one of them does not start.
    """
    console = Console(stderr=as_json, highlight=False)
    serving = sys.stdout.isatty() and not as_json if keep_serving is None else keep_serving
    try:
        with ExitStack() as stack:
            stack.enter_context(terminable())
            running = _start(stack, console, port, folder, act)
            summary = _measure(running, console, seconds, fault_for(seconds) if fault else None)
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


def _start(stack: ExitStack, console: Console, port: int, folder: Path | None, act: bool) -> Running:
    home = folder or Path(stack.enter_context(TemporaryDirectory(prefix="homeostat-demo-")))
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("HOMEOSTAT_", "OTEL_"))}
    store = str(home / "demo.db")
    server = start_server({**plain, "HOMEOSTAT_STORE": store}, keep=False, port=port)
    stack.callback(server.stop)
    console.print(f"The page: [bold]{server.endpoint}[/bold]")
    model = stack.enter_context(Child("homeostat.testing.simulated_model", load.MODEL_ARGUMENTS))
    server.wait_until_ready()
    assistant = stack.enter_context(
        Child(
            "homeostat.app.demo.service",
            ("--model-url", f"{model.url}/v1", "--policy", str(POLICY), *(() if act else ("--observe",))),
            environment={"HOMEOSTAT_ENDPOINT": server.endpoint, "HOMEOSTAT_STORE": store},
        )
    )
    console.print(
        f"An assistant answers questions about the standard library at {assistant.url},\n"
        f"with a simulated model at {model.url} (no language model runs). Load is coming.",
        style="dim",
    )
    return Running(server, model, assistant)


def _measure(running: Running, console: Console, seconds: float, fault: Fault | None) -> Summary:
    begin_ns = time.time_ns()
    with LoadView(console, seconds) as view:
        watch = LoopWatch(running.server.endpoint, SERVICE, begin_ns, view.tell)

        def tell_fault(words: str) -> None:
            watch.say(Told((time.time_ns() - begin_ns) / SECOND_NS, FAULT, words))

        requests = asyncio.run(
            load.drive(
                running.assistant.url,
                running.model.url,
                running.server.endpoint,
                seconds,
                fault,
                watch,
                tell_fault,
                view.show,
            )
        )
    time.sleep(FLUSH_WAIT_S)
    for name, child in (("simulated model", running.model), ("assistant", running.assistant)):
        if not child.running:
            raise HomeostatError(f"the {name} ended before the demo did; start the demo again")
    readings = Readings(running.server.endpoint, begin_ns, time.time_ns())
    try:
        stretches = stretches_of(readings, SERVICE, watch.told, begin_ns, requests.elapsed_s)
        return _summary(readings, running, requests, begin_ns, outcome_of(watch.told, watch.loop, stretches))
    finally:
        readings.close()


def _summary(
    readings: Readings, running: Running, requests: ReplayResult, begin_ns: int, loop: LoopOutcome
) -> Summary:
    overview = readings.overview()
    operations = readings.operations()
    spend = readings.spend()
    server = psutil.Process(running.server.process.pid)
    times = server.cpu_times()
    return Summary(
        page=running.server.endpoint,
        sentence=overview.sentence,
        requests=requests,
        loop=loop,
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
