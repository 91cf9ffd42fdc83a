"""The view of a running load: a bar at a terminal, a line now and then anywhere else."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from homeostat.app.demo.loop_watch import Told
from homeostat.app.demo.told_view import told_view
from homeostat.judge.words.quantity import count
from homeostat.prove.load.replay_result import ReplayProgress

LINE_EVERY_S = 10.0


def words_of(progress: ReplayProgress) -> str:
    """Return how far a load is, in words."""
    failed = f", {count(progress.failed)} failed" if progress.failed else ""
    return f"{count(progress.sent)} asked, {count(progress.in_flight)} waiting for answers{failed}"


class LoadView:
    """Shows how far a load is that lasts so many seconds. Open it with `with`."""

    def __init__(self, console: Console, seconds: float) -> None:
        self._console = console
        self._seconds = seconds
        self._next_line_s = LINE_EVERY_S
        columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("the first questions", total=seconds)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def tell(self, told: Told) -> None:
        """Print what happened, above the bar."""
        self._console.print(told_view(told))

    def show(self, progress: ReplayProgress) -> None:
        """Show how far the load is."""
        if self._console.is_terminal:
            done_s = min(progress.elapsed_s, self._seconds)
            self._bar.update(self._task, completed=done_s, description=words_of(progress))
        elif progress.elapsed_s >= self._next_line_s:
            self._next_line_s += LINE_EVERY_S
            self._console.print(f"{progress.elapsed_s:4.0f} s  {words_of(progress)}")
