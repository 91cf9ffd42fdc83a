"""The commands that give orders to a loop: undo, pin, unpin, try, mode, restore."""

from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.app.cli.exits import Exit
from homeostat.app.cli.loop_options import Service, StoreOption, loop_desk, person
from homeostat.core.order import Mode

if TYPE_CHECKING:
    from homeostat.app.loops.loop_desk import LoopDesk
    from homeostat.core.order import Order


def undo(
    number: Annotated[int, typer.Argument(min=1, help="The entry's number in the ledger.")],
    service: Service = None,
    store: StoreOption = None,
) -> None:
    """Take back what an entry of the ledger changed.

    Example: [bold]homeostat undo 12[/bold]
    """
    from homeostat.core.order import Undo

    with loop_desk(store) as desk:
        _give(desk, service, Undo(by=person(), number=number))


def pin(
    knob: Annotated[str, typer.Argument(help="The knob's name.")],
    value: Annotated[str, typer.Argument(help="The value to hold it at.")],
    service: Service = None,
    store: StoreOption = None,
) -> None:
    """Hold a knob at a value: nobody but you moves it.

    Example: [bold]homeostat pin batch_size 16[/bold]
    """
    from homeostat.app.loops.loop_desk import value_of
    from homeostat.core.order import Pin

    with loop_desk(store) as desk:
        known = {k.name: k for k in desk.loop(service).knobs}
        wanted = value_of(value, known[knob]) if knob in known else value
        _give(desk, service, Pin(by=person(), knob=knob, value=wanted))


def unpin(
    knob: Annotated[str, typer.Argument(help="The knob's name.")],
    service: Service = None,
    store: StoreOption = None,
) -> None:
    """Let the loop turn a knob again.

    Example: [bold]homeostat unpin batch_size[/bold]
    """
    from homeostat.core.order import Unpin

    with loop_desk(store) as desk:
        _give(desk, service, Unpin(by=person(), knob=knob))


def try_(
    values: Annotated[list[str], typer.Argument(help="Knobs with their values, as NAME=VALUE.")],
    shadow: Annotated[
        bool,
        typer.Option("--shadow", help="Run a switch's other implementation beside, unused."),
    ] = False,
    service: Service = None,
    store: StoreOption = None,
) -> None:
    """Begin a trial of some values, whatever the mode; it is kept only if it proves better.

    Example: [bold]homeostat try batch_size=16 cache=true[/bold]
    """
    from homeostat.app.loops.loop_desk import value_of
    from homeostat.core.errors import InputError
    from homeostat.core.order import Try

    with loop_desk(store) as desk:
        known = {k.name: k for k in desk.loop(service).knobs}
        wanted = {}
        for text in values:
            name, equals, value = text.partition("=")
            if not equals:
                raise InputError(f"write a knob with its value as NAME=VALUE, not {text!r}")
            wanted[name] = value_of(value, known[name]) if name in known else value
        _give(desk, service, Try(by=person(), values=wanted, shadow=shadow))


def mode(
    to: Annotated[Mode, typer.Argument(help="observe, advise or act.")],
    service: Service = None,
    store: StoreOption = None,
) -> None:
    """Let a loop only observe, advise, or act. Leaving act ends its trials.

    Example: [bold]homeostat mode advise[/bold]
    """
    from homeostat.core.order import SetMode

    with loop_desk(store) as desk:
        _give(desk, service, SetMode(by=person(), mode=to))


def restore(service: Service = None, store: StoreOption = None) -> None:
    """The kill switch: all knobs to their defaults, no trials, mode observe, within a second.

    Without a service it is for all loops of the store. A file named like the store with `.restore` added does
    the same, and needs no command.

    Example: [bold]homeostat restore[/bold]
    """
    from homeostat.core.order import Restore

    with loop_desk(store) as desk:
        names = [service] if service else [n for n, loop in desk.loops().items() if desk.alive(loop)]
        if not names:
            names = [desk.loop(None).service]
        for name in names:
            _give(desk, name, Restore(by=person()))


def _give(desk: "LoopDesk", service: str | None, order: "Order") -> None:
    """Leave an order and tell what became of it; exit code 1 if it was refused, 3 if nobody answered."""
    from homeostat.prove.ledger.entry import EntryKind
    from homeostat.prove.ledger.story import story

    name = desk.loop(service).service
    last = desk.ledger(name).last
    desk.order(name, order)
    entries = desk.answer(name, last.number if last else 0).entries
    for entry in entries:
        typer.echo(story(entry))
    if not entries:
        typer.echo(f"The loop of {name} has not answered; the order stays valid for an hour.", err=True)
        raise typer.Exit(Exit.UNREACHABLE)
    if any(entry.note.kind is EntryKind.REFUSED for entry in entries):
        raise typer.Exit(Exit.FAILED)
