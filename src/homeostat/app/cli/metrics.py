"""`homeostat metrics`: the catalogue, and what of it this machine can measure."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from homeostat.core.metric import Metric
    from homeostat.observe.collectors.collector import State

ROUNDS = 3
ROUND_S = 0.2


def metrics(
    group: Annotated[str, typer.Option(help="Only one group, such as memory or llm.")] = "",
    catalogue: Annotated[
        Path | None, typer.Option(help="TOML file with metrics and limits of your own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every metric: unit, limits, what measures it, and its state on this machine.

    Needs no server: the collectors are tried for half a second.

    Example: [bold]homeostat metrics --group memory[/bold]
    """
    from homeostat.core.errors import InputError
    from homeostat.observe.catalogue import load_catalogue

    known = load_catalogue(catalogue)
    shown = [m for m in known.values() if group in ("", m.group)]
    if not shown:
        groups = ", ".join(dict.fromkeys(m.group for m in known.values()))
        raise InputError(f"there is no group {group!r}; known are {groups}")
    states = machine_states()
    entries = [entry(m, states) for m in shown]
    if as_json:
        import json

        typer.echo(json.dumps({"metrics": entries}, ensure_ascii=False, indent=2))
    else:
        _print(entries)


def machine_states() -> "dict[str, State]":
    """Return the state of each metric of the collectors.

    The store's own are tried on an empty one, which is thrown away.
    """
    import time
    from tempfile import TemporaryDirectory

    from homeostat.core.clock import SystemClock
    from homeostat.core.losses import Losses
    from homeostat.core.query import SizeQuery
    from homeostat.observe.catalogue import load_catalogue
    from homeostat.observe.collectors.machine import machine_collectors
    from homeostat.observe.collectors.runner import Collectors
    from homeostat.observe.registry import Registry
    from homeostat.store.open import open_store

    losses = Losses()
    with TemporaryDirectory() as folder:
        store = open_store(str(Path(folder) / "metrics.db"))
        made = machine_collectors(losses, Path.cwd(), lambda: store.read(SizeQuery()))
        collectors = Collectors(made.all, Registry(losses), losses, load_catalogue(), SystemClock(), {})
        for _ in range(ROUNDS):
            collectors.collect()
            time.sleep(ROUND_S)
        states = collectors.state()
        collectors.close()
        store.close()
    return states


def entry(metric: "Metric", states: "dict[str, State]") -> dict[str, object]:
    """Return one metric with its state, and the reason where there is something to say."""
    from dataclasses import asdict

    from homeostat.observe.collectors.collector import Unavailable, Waiting

    match states.get(metric.name):
        case None:
            state, reason = "recorded when it happens", ""
        case Unavailable(reason):
            state = "not available here"
        case Waiting(what):
            state, reason = "measured after a while", f"waits for {what}"
        case _:
            state, reason = "measured", ""
    return {**asdict(metric), "state": state, "reason": reason}


def _print(entries: list[dict[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    table.add_column("metric", overflow="fold", ratio=3)
    table.add_column("unit", no_wrap=True)
    table.add_column("limit", no_wrap=True)
    table.add_column("measured by", no_wrap=True)
    table.add_column("state on this machine", ratio=4)
    styles = {"measured": "green", "measured after a while": "green", "not available here": "yellow"}
    for e in entries:
        side = "<" if e["better"] == "lower" else ">"
        limit = f"{e['judged_by']} {side} {e['target']:g}" if e["target"] is not None else ""
        state = Text(str(e["state"]), styles.get(str(e["state"]), "dim"))
        if e["reason"]:
            state.append(f": {e['reason']}", "dim")
        table.add_row(str(e["name"]), str(e["unit"]), limit, str(e["collector"]), state)
    console = Console()
    console.print(table)
    measured = sum(str(e["state"]).startswith("measured") for e in entries)
    missing = sum(e["state"] == "not available here" for e in entries)
    console.print(
        f"\n{len(entries)} metrics: {measured} measured by collectors here, {missing} not available here,"
        f" {len(entries) - measured - missing} recorded when they happen",
        style="dim",
    )
