"""The batch: what travels from observers to the store, whole or not at all."""

from dataclasses import dataclass
from typing import Protocol

from homeostat.core.point import Point
from homeostat.core.record import Record
from homeostat.core.span import LogRecord, Span


@dataclass(frozen=True, slots=True)
class Batch:
    """Points, spans, logs and records that are written in one transaction."""

    points: tuple[Point, ...] = ()
    spans: tuple[Span, ...] = ()
    logs: tuple[LogRecord, ...] = ()
    records: tuple[Record, ...] = ()

    def __len__(self) -> int:
        return len(self.points) + len(self.spans) + len(self.logs) + len(self.records)


class Sink(Protocol):
    """Where batches go: the store of this machine, or a server elsewhere."""

    def write(self, batch: Batch) -> None:
        """Keep the whole batch durably, or raise StoreError and keep none of it."""
        ...

    def close(self) -> None:
        """Let go of files and connections; nothing may be written afterwards."""
        ...
