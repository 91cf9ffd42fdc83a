"""The options that all commands about loops share, and how they find their loop."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from homeostat.app.loops.loop_desk import LoopDesk

Service = Annotated[str | None, typer.Option("--service", "-s", help="Whose loop, where there are several.")]
StoreOption = Annotated[
    str | None, typer.Option("--store", envvar="HOMEOSTAT_STORE", help="The store; yours by default.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def loop_desk(store: str | None) -> "Iterator[LoopDesk]":
    """Open a store and sit down at its loop desk."""
    from homeostat.app.cli.stored_at import stored_at
    from homeostat.app.loops.loop_desk import LoopDesk
    from homeostat.core.clock import SystemClock
    from homeostat.core.losses import Losses

    with stored_at(store) as opened:
        yield LoopDesk(opened, SystemClock(), Losses())


def person() -> str:
    """Return who gives orders, for the ledger."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
