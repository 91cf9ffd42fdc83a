"""The progress of long work: bars on stderr at a terminal, nothing otherwise."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


class Work:
    """Hands out what long work tells its progress to."""

    def __init__(self, bars: "Progress | None") -> None:
        self._bars = bars
        self._task = bars.add_task("starting", total=None) if bars is not None else None

    def reading(self, path: Path) -> Callable[[int, int], None]:
        """Return what is told how many bytes of a file are read."""
        return lambda done, total: self.step(f"reading {path.name}", done, total)

    def step(self, what: str, done: int, total: int) -> None:
        """Show what is being done, and which of how many."""
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, description=what, completed=done, total=max(total, 1))


@contextmanager
def working(quiet: bool = False) -> Iterator[Work]:
    """Show a bar while work is going on, and take it away afterwards."""
    if quiet or not sys.stderr.isatty():
        yield Work(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield Work(bars)
