"""`homeostat companion loadtest`: thousands of people talk to a companion on this machine."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.app.cli.exits import Exit
from homeostat.app.cli.loop_options import Json
from homeostat.app.cli.progress import working

if TYPE_CHECKING:
    from homeostat.companion.loadtest.result import LoadResult
    from homeostat.prove.load.replay_result import Quantiles


def loadtest(
    people: Annotated[int, typer.Option(min=1, max=1_000_000, help="People with a history.")] = 5_000,
    active: Annotated[int, typer.Option(min=1, help="People who talk at any moment.")] = 1_000,
    rate: Annotated[float, typer.Option(help="Messages a second, all together.")] = 150.0,
    seconds: Annotated[float, typer.Option(help="How long.")] = 600.0,
    history: Annotated[int, typer.Option(min=0, help="Messages that each said before.")] = 600,
    talks: Annotated[
        Path | None, typer.Option(help="Conversations in LoCoMo's form; else they are simulated.")
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(help="Trace with prefix blocks (Mooncake's) for the think times.")
    ] = None,
    embedder: Annotated[str, typer.Option(help="none, minilm, static, or the URL of an endpoint.")] = "none",
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder to fill and keep, so that the next run finds its histories; else a new one."
        ),
    ] = None,
    store: Annotated[
        str | None, typer.Option(help="PostgreSQL address, of a database of its own, for the people.")
    ] = None,
    resident_mb: Annotated[
        int, typer.Option(min=16, max=65_536, help="Memory for what is kept ready of active people.")
    ] = 512,
    seed: Annotated[int, typer.Option(help="Who speaks when.")] = 0,
    as_json: Json = False,
) -> None:
    """Have people with a history talk to a companion's server on this machine, in an open loop.

    It lays down the histories, starts the server, and reads afterwards whether all that was promised is kept.
    Latency counts from the moment at which a message was due. Exits with 1 where a message failed or is lost.

    Example: [bold]homeostat companion loadtest --people 200 --active 50 --rate 20 --seconds 30[/bold]
    """
    from homeostat.app.one_thread import pin

    pin()
    import msgspec

    from homeostat.app.companion.load import Site, load_test
    from homeostat.companion.loadtest.crowd import Plan
    from homeostat.companion.loadtest.habits import habits
    from homeostat.prove.load.arrival_file import ArrivalFile

    plan = Plan(people, active, rate, seconds, history, seed)
    found = habits(talks, ArrivalFile(trace) if trace is not None else None)
    with ExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="homeostat-companion-")))
        work = stack.enter_context(working(quiet=as_json))
        result = load_test(found, plan, Site(data, embedder, store, resident_mb), work.step)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
    else:
        typer.echo("\n".join(summary(result)))
    if result.replay.failed or result.replay.dropped or result.lost:
        raise typer.Exit(Exit.FAILED)


def summary(result: "LoadResult") -> list[str]:
    """Return the result in words."""
    plan, sent = result.plan, result.replay
    failed = ", ".join(f"{n:,} {error}" for error, n in sent.failed.items()) or "none"
    lines = [
        f"{plan.people:,} people with {plan.history:,} messages each, {plan.active:,} active; "
        f"{result.source}; embedder {result.embedder}",
        f"  said       {sent.sent:,} messages in {sent.elapsed_s:.0f} s by {result.people_seen:,} people, "
        f"{sent.throughput_per_s:.1f} answers/s",
        f"  failed     {failed}; dropped (too many open): {sent.dropped:,}",
        f"  latency    {_words(sent.latency_ms)}",
        f"  by minute  p95 {', '.join(f'{minute.p95:.1f}' for minute in result.minutes)} ms",
        f"  sent late  {_words(sent.lateness_ms)}",
        f"  kept       {result.checked - result.lost:,} of {result.checked:,} messages that were looked for",
    ]
    if result.without_hits:
        lines.append(f"  no hits    {result.without_hits:,} messages called up no memory")
    if (usage := result.usage) is not None:
        share = usage.cpu_s / max(sent.elapsed_s, 1e-9)
        lines.append(f"  server     {usage.rss_mb_max:,.0f} MB at most, {share:.2f} of a core")
    return lines


def _words(found: "Quantiles") -> str:
    if not found.count:
        return "none"
    named = (("p50", found.p50), ("p95", found.p95), ("p99", found.p99), ("max", found.maximum))
    return ", ".join(f"{name} {value:.1f} ms" for name, value in named)
