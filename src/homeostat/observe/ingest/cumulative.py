"""Cumulative streams: totals since a start become increases since the last report.

Source: the OpenTelemetry metrics data model, sections on temporality and on resets and gaps.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from homeostat.core.losses import Losses

Value = TypeVar("Value")


@dataclass(slots=True)
class _Last(Generic[Value]):
    start_ns: int
    time_ns: int
    value: Value


class CumulativeStreams(Generic[Value]):
    """The last total of each stream, of at most `size` streams; the one longest silent is forgotten first.

    A stream is one writer's: its key holds the resource, so that two instances of a service are not
    taken for resets of each other. `subtract(new, old)` gives the increase, None where a total fell.

    - The first total of a stream counts in full if the stream began after `since_ns` (this receiver's
      start), otherwise it is the baseline: what was counted before has no known moment.
    - A later start, or a total that fell, is a reset: the new total counts in full.
    - A total that is not newer than the last is dropped and counted.
    - Once streams were forgotten, one that began no later than they did is a baseline, so that nothing
      is counted twice.
    """

    def __init__(
        self, subtract: Callable[[Value, Value], Value | None], since_ns: int, size: int, losses: Losses
    ) -> None:
        self._subtract = subtract
        self._since_ns = since_ns
        self._size = size
        self._losses = losses
        self._last: OrderedDict[Hashable, _Last[Value]] = OrderedDict()

    def increase(self, stream: Hashable, start_ns: int, time_ns: int, total: Value) -> Value | None:
        """Return the increase that a total brings, None where it brings none that can be counted."""
        last = self._last.get(stream)
        if last is None:
            began_here = start_ns >= self._since_ns
            self._remember(stream, _Last(start_ns, time_ns, total))
            return total if began_here else None
        if time_ns <= last.time_ns:
            self._losses.add("ingest.points_out_of_order")
            return None
        restarted = start_ns > last.start_ns and (last.start_ns != 0 or start_ns > last.time_ns)
        increase = None if restarted else self._subtract(total, last.value)
        last.start_ns, last.time_ns, last.value = start_ns, time_ns, total
        self._last.move_to_end(stream)
        return total if increase is None else increase

    def _remember(self, stream: Hashable, last: _Last[Value]) -> None:
        if len(self._last) >= self._size:
            _, forgotten = self._last.popitem(last=False)
            self._since_ns = max(self._since_ns, forgotten.start_ns + 1)
            self._losses.add("ingest.streams_forgotten")
        self._last[stream] = last
