"""The recorder: one series' buffer, its handle, and the way from the buffer into the fold.

Recording a value *is* `list.append`: the handle's `record` is the buffer's own bound method, so that
the hot path runs no Python code of ours. One thread at a time folds the buffer away (`Recorder.fold`).
`n = len(b); chunk = b[:n]; del b[:n]` neither loses nor doubles values while other threads append:
each of the three is one C call under the interpreter's lock, and appends land behind `n`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.series import SeriesKey

if TYPE_CHECKING:
    from homeostat.observe.fold import Fold

BUFFER_MAX = 1_000_000
"""Values of one series that one fold takes; what lies beyond is dropped and counted."""


class Histogram:
    """A handle for values whose distribution matters."""

    __slots__ = ("record",)

    def __init__(self, buffer: list[float]) -> None:
        self.record: Callable[[float], None] = buffer.append


class Counter:
    """A handle for increments."""

    __slots__ = ("add",)

    def __init__(self, buffer: list[float]) -> None:
        self.add: Callable[[float], None] = buffer.append


class Gauge:
    """A handle for a level."""

    __slots__ = ("set",)

    def __init__(self, buffer: list[float]) -> None:
        self.set: Callable[[float], None] = buffer.append


class Recorder:
    """One series as it is being recorded: a buffer, its handle, and `folded`, what it held so far."""

    __slots__ = ("buffer", "folded", "handle", "key")

    def __init__(self, key: SeriesKey) -> None:
        self.key = key
        self.buffer: list[float] = []
        self.handle = {Kind.HISTOGRAM: Histogram, Kind.COUNTER: Counter, Kind.GAUGE: Gauge}[key.kind](
            self.buffer
        )
        self.folded: Fold | None = None

    def seen(self) -> int:
        """Return how many values were recorded since the start, those that wait to be folded included."""
        folded = self.folded.moments if self.folded is not None else None
        return len(self.buffer) + (folded.count if folded is not None else 0)

    def fold(self, begin_ns: int, end_ns: int, losses: Losses) -> Point | None:
        """Fold what was buffered between two times into the totals, and return it as a point.

        Returns None where nothing was recorded. Only one thread at a time may fold a recorder.
        """
        if self.folded is None:
            from homeostat.observe.fold import Fold

            self.folded = Fold(self.key)
        buffer = self.buffer
        n = len(buffer)
        chunk = buffer[: min(n, BUFFER_MAX)]
        del buffer[:n]
        if n > BUFFER_MAX:
            losses.add("record.buffer_full", n - BUFFER_MAX)
        return self.folded.add(chunk, begin_ns, end_ns, losses)
