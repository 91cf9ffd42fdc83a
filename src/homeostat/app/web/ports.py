"""What the web application needs of the node that it shows."""

from collections.abc import Mapping
from typing import Protocol

from homeostat.core.batch import Batch
from homeostat.core.clock import Clock
from homeostat.core.losses import Losses
from homeostat.core.metric import Metric
from homeostat.core.query import Store
from homeostat.loop.writer import Settled
from homeostat.observe.ingest.intake import Intake
from homeostat.observe.ingest.receiver import Received
from homeostat.runtime.experience.experiences import Experiences

__all__ = ["Node", "Queue", "Received", "Receiver"]


class Queue(Protocol):
    """Takes batches without waiting."""

    @property
    def full(self) -> bool:
        """Tell whether there is no room now."""
        ...

    def offer(self, batch: Batch, settled: Settled | None = None) -> bool:
        """Queue a batch; False where there is no room for it. `settled` is told what became of it."""
        ...


class Receiver(Protocol):
    """Makes batches of OTLP bodies. Each method raises InputError where nothing can be read."""

    def traces(self, body: bytes, media_type: str) -> Received:
        """Take in an ExportTraceServiceRequest."""
        ...

    def metrics(self, body: bytes, media_type: str) -> Received:
        """Take in an ExportMetricsServiceRequest."""
        ...

    def logs(self, body: bytes, media_type: str) -> Received:
        """Take in an ExportLogsServiceRequest."""
        ...


class Node(Protocol):
    """One running node: its store, what comes in, and what it knows of its metrics."""

    @property
    def store(self) -> Store:
        """Where everything is kept."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def losses(self) -> Losses:
        """What was dropped."""
        ...

    @property
    def catalogue(self) -> Mapping[str, Metric]:
        """The metrics by name."""
        ...

    @property
    def receiver(self) -> Receiver:
        """What reads OTLP."""
        ...

    @property
    def intake(self) -> Intake:
        """What the receiver took in, as metrics of our own."""
        ...

    @property
    def writer(self) -> Queue:
        """The queue in front of the store."""
        ...

    @property
    def experiences(self) -> Experiences:
        """The experience of people of each application."""
        ...

    @property
    def leads(self) -> bool:
        """Whether it does what one node does for all before the same store."""
        ...

    @property
    def token(self) -> str | None:
        """The secret that lets one in; None where the node answers to this machine only."""
        ...

    def metric_states(self) -> Mapping[str, str]:
        """Return why a metric cannot be measured on this machine, by name, for those that cannot."""
        ...
