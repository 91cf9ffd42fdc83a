"""`homeostat knobs`: what may be turned, where it stands, and what the loop does about it."""

from typing import TYPE_CHECKING

import typer

from homeostat.app.cli.loop_options import Json, Service, StoreOption, loop_desk

if TYPE_CHECKING:
    from rich.console import RenderableType

    from homeostat.loop.governing.published import Published


def knobs(service: Service = None, as_json: Json = False, store: StoreOption = None) -> None:
    """Show the knobs of an application, running trials, and what is recommended.

    Example: [bold]homeostat knobs[/bold]
    """
    with loop_desk(store) as desk:
        loop = desk.loop(service)
        alive = desk.alive(loop)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(loop).decode())
        return
    from rich.console import Console

    Console().print(view(loop, alive))


def view(loop: "Published", alive: bool) -> "RenderableType":
    """Lay a loop out: its state in a line, the knobs as a table, then trials and advice."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    running = "" if alive else ", not running now"
    head = Text.assemble(
        (loop.service, "bold"), f"  mode {loop.mode.value}{running}, {loop.load_per_s:.3g} requests/s\n"
    )
    head.append(f"to improve: {loop.objective}\n")
    for target in loop.targets:
        style = {"violated": "bold red", "within": "green"}.get(target.state, "yellow")
        head.append(f"{target.target}: ")
        head.append(f"{target.words}\n", style)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("knob", "value", "default", "takes", "per", ""):
        table.add_column(title)
    for knob in loop.knobs:
        notes = ["pinned"] * knob.pinned + [f"trying {', '.join(map(str, knob.trying))}"] * bool(knob.trying)
        notes += ["nobody reads it: call get() where it is used"] * knob.unread
        value = Text(str(knob.value), "bold" if knob.value != knob.default else "")
        table.add_row(knob.name, value, str(knob.default), knob.domain, knob.scope, ", ".join(notes))
    lines = [Text(f"\n{'watched' if t.held else 'trying'} {t.what}: {t.words}") for t in loop.trials]
    lines += [Text(f"\n{t.trial}: {t.need}", "dim") for t in loop.trials if t.need and not t.held]
    lines += [Text(f"\nnot tried: {change}: {why}", "dim") for change, why in loop.held_back.items()]
    lines += [
        Text(f"\n{one.strategy}{f' at {one.regime} load' if one.regime else ''}: {one.words}")
        for one in loop.strategies
    ]
    lines += [Text(f"\n{one.outcome} is worse where {one.words}") for one in loop.patterns]
    lines += [Text(f"\nrecommended by {a.by}: {a.what}. {a.reason}") for a in loop.advice]
    if loop.advice:
        values = " ".join(f"{name}={value}" for name, value in loop.advice[0].values.items())
        lines.append(Text(f"\nTry it: homeostat try {values}", "dim"))
    return Group(head, table, *lines)
