"""`homeostat replay`: the arrivals of a recorded trace, sent again."""

import sys
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.app.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from homeostat.prove.load.arrivals import Arrival
    from homeostat.prove.load.recording import Recorder
    from homeostat.prove.load.replay import Caller
    from homeostat.prove.load.replay_result import Quantiles, ReplayProgress, ReplayResult

SIMULATED = ("--slots", "64", "--queue", "4096", "--crowding", "0.005")
"""A simulated model that keeps up with the published traces; it is as much faster as the replay is."""


def replay(
    file: Annotated[
        Path, typer.Argument(help="Azure LLM inference CSV or Mooncake JSON lines, gzipped or not.")
    ],
    speed: Annotated[float, typer.Option(help="How many times as fast as it was.")] = 1.0,
    limit: Annotated[int | None, typer.Option(min=1, help="Send so many requests at most.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Send for so long at most.")] = None,
    target: Annotated[
        str | None,
        typer.Option(
            help="URL of an application; one that ends in /v1 is an OpenAI API. Else a simulated model."
        ),
    ] = None,
    body: Annotated[
        str | None, typer.Option(help="JSON for the application; {prompt} stands for the text.")
    ] = None,
    model: Annotated[str, typer.Option(help="Model to ask for.")] = "simulated-small",
    api_key: Annotated[
        str, typer.Option(envvar="OPENAI_API_KEY", help="Key of an OpenAI API given as --target.")
    ] = "",
    endpoint: Annotated[
        str | None, typer.Option(envvar="HOMEOSTAT_ENDPOINT", help="Server that is told of each request.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Send the requests of a trace at the times at which they came (open loop).

    Latency counts from the moment a request was due, so that falling behind hides nothing.

    Example: [bold]homeostat replay AzureLLMInferenceTrace_code.csv --speed 10 --limit 500[/bold]
    """
    import asyncio

    from homeostat.prove.load.arrival_file import ArrivalFile

    arrivals = ArrivalFile(file)
    to = Target(target, body, model, api_key, _server(endpoint))
    with _progress(limit, seconds, quiet=as_json) as report:
        try:
            result = asyncio.run(_replay(to, arrivals, speed, limit, seconds, report))
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except ExceptionGroup as group:  # the file can turn out to be damaged while its requests are open
            raise group.exceptions[0] from None
    counts = arrivals.counts
    if as_json:
        import msgspec

        answer = {"file": str(file), "lines": counts, "result": result}
        typer.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))
    else:
        skipped = (counts.skipped, counts.first_skipped)
        typer.echo("\n".join(summary(result, to, skipped)))
    if result.sent and not result.completed:
        raise typer.Exit(Exit.UNREACHABLE)
    if result.failed or result.dropped:
        raise typer.Exit(Exit.FAILED)


@dataclass(frozen=True, slots=True)
class Target:
    """What is driven, and the server that is told of it. Without a URL it is a simulated model."""

    url: str | None
    body: str | None
    model: str
    api_key: str
    server: str | None

    @property
    def words(self) -> str:
        """Name it."""
        return self.url or f"a simulated model ({self.model}; no language model behind it)"


def _server(endpoint: str | None) -> str | None:
    """Return the server that was named, or the one of this machine if it answers."""
    from homeostat.app.launch.server import DEFAULT_ENDPOINT, answers

    return endpoint or (DEFAULT_ENDPOINT if answers(DEFAULT_ENDPOINT) else None)


async def _replay(
    to: Target,
    arrivals: "Iterable[Arrival]",
    speed: float,
    limit: int | None,
    seconds: float | None,
    report: "Callable[[ReplayProgress], None]",
) -> "ReplayResult":
    from homeostat.loop.homeostat import Homeostat
    from homeostat.prove.load.load_meter import LoadMeter
    from homeostat.prove.load.replay import replay as send

    async with AsyncExitStack() as stack:
        recorder = meter = None
        if to.server:
            recorder = stack.enter_context(Homeostat("replay", endpoint=to.server, collect=False))
            meter = LoadMeter(recorder)
        caller = await _caller(stack, to, speed, recorder)
        return await send(
            arrivals,
            caller,
            speed=speed,
            count=limit,
            duration_s=seconds,
            meter=meter,
            progress=report,
        )


async def _caller(stack: AsyncExitStack, to: Target, speed: float, recorder: "Recorder | None") -> "Caller":
    from homeostat.prove.load.application import BODY, Application
    from homeostat.prove.load.model_endpoint import ModelEndpoint

    if to.url and not to.url.rstrip("/").endswith("/v1"):
        return await stack.enter_async_context(Application(to.url, body=to.body or BODY, recorder=recorder))
    if to.url:
        return await stack.enter_async_context(
            ModelEndpoint(to.url, model=to.model, api_key=to.api_key, recorder=recorder)
        )
    from homeostat.testing.child import Child

    arguments = (*SIMULATED, "--speed", str(speed))
    child = stack.enter_context(Child("homeostat.testing.simulated_model", arguments))
    return await stack.enter_async_context(
        ModelEndpoint(f"{child.url}/v1", model=to.model, exact=True, recorder=recorder)
    )


@contextmanager
def _progress(
    limit: int | None, seconds: float | None, quiet: bool
) -> "Iterator[Callable[[ReplayProgress], None]]":
    """Show a bar on stderr at a terminal, nothing otherwise."""
    if quiet or not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=limit or seconds)

        def report(progress: "ReplayProgress") -> None:
            words = f"{progress.sent:,} sent, {progress.in_flight:,} open, {progress.failed:,} failed"
            done = float(progress.sent) if limit else progress.elapsed_s
            bar.update(task, completed=done, description=words)

        yield report


def summary(result: "ReplayResult", to: Target, skipped: tuple[int, str]) -> list[str]:
    """Return the result in words."""
    failed = ", ".join(f"{n:,} {error}" for error, n in result.failed.items()) or "none"
    lines = [
        f"{result.sent:,} requests in {result.elapsed_s:.1f} s to {to.words}",
        f"  speed      {result.speed:.1f} x, {result.throughput_per_s:.1f} answers/s",
        f"  completed  {result.completed:,}; failed: {failed}; dropped (too many open): {result.dropped:,}",
        f"  latency    {_words(result.latency_ms)}",
        f"  1st token  {_words(result.first_token_ms)}",
        f"  sent late  {_words(result.lateness_ms)}",
    ]
    if result.input_tokens or result.output_tokens:
        cached = f"{result.cached_tokens:,} of them cached"
        lines.append(f"  tokens     {result.input_tokens:,} in ({cached}), {result.output_tokens:,} out")
    if skipped[0]:
        lines.append(f"  skipped    {skipped[0]:,} lines of the file; {skipped[1]}")
    if to.server:
        lines.append(f"  page       {to.server}")
    return lines


def _words(found: "Quantiles") -> str:
    from homeostat.judge.words.quantity import quantity

    if not found.count:
        return "none"
    named = (("p50", found.p50), ("p95", found.p95), ("p99", found.p99), ("max", found.maximum))
    return ", ".join(f"{name} {quantity(value, 'ms')}" for name, value in named)
