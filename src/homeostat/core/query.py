"""What can be asked of a store, and the shape of each answer."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar, runtime_checkable

from homeostat.core.batch import Sink
from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.histogram import ExponentialHistogram
from homeostat.core.point import Moments
from homeostat.core.record import Record
from homeostat.core.series import SeriesKey
from homeostat.core.span import LogRecord, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

LEVELS_NS = (SECOND_NS, 10 * SECOND_NS, MINUTE_NS, HOUR_NS)
"""The widths of the buckets of time that a store keeps, finest first."""

Answer_co = TypeVar("Answer_co", covariant=True)


class Query(Generic[Answer_co]):
    """A question whose type parameter is the type of its answer."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """The points of one series, in order of time: arrays of equal length.

    `start_ns` are the starts of the buckets; the quantiles are NaN for what is no histogram.
    """

    start_ns: "Ints"
    count: "Ints"
    mean: "Floats"
    m2: "Floats"
    minimum: "Floats"
    maximum: "Floats"
    last: "Floats"
    p50: "Floats"
    p90: "Floats"
    p95: "Floats"
    p99: "Floats"


@dataclass(frozen=True, slots=True)
class SeriesQuery(Query[tuple[SeriesKey, ...]]):
    """Which series have points in `[start_ns, end_ns)`? In order of their keys."""

    start_ns: int
    end_ns: int
    metric: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FrameQuery(Query[dict[SeriesKey, Frame]]):
    """The points in `[start_ns, end_ns)` at one of the widths `LEVELS_NS`, series without points left out."""

    start_ns: int
    end_ns: int
    level_ns: int
    metric: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Total:
    """A series over one whole window of time, merged without loss."""

    moments: Moments
    histogram: ExponentialHistogram | None


@dataclass(frozen=True, slots=True)
class TotalQuery(Query[dict[SeriesKey, Total]]):
    """Each series over `[start_ns, end_ns)`, merged from the finest buckets that are still kept.

    Where only coarser buckets are kept, those that begin within the window count whole.
    """

    start_ns: int
    end_ns: int
    metric: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """The outline of one trace: its root as far as it is known, its extent, and its errors.

    A trace whose root is not kept is described by its earliest span.
    """

    trace_id: bytes
    operation: str
    service: str
    start_ns: int
    duration_ns: int
    spans: int
    errors: int


@dataclass(frozen=True, slots=True)
class TracesQuery(Query[tuple[TraceSummary, ...]]):
    """Traces that began in `[start_ns, end_ns)`."""

    start_ns: int
    end_ns: int
    operation: str | None = None
    order: Literal["slowest", "newest"] = "slowest"
    failed_only: bool = False
    limit: int = 50


@dataclass(frozen=True, slots=True)
class TraceQuery(Query[tuple[Span, ...]]):
    """All kept spans of one trace, in order of their start."""

    trace_id: bytes


@dataclass(frozen=True, slots=True)
class LogsQuery(Query[tuple[LogRecord, ...]]):
    """The newest log records in `[start_ns, end_ns)`, newest first."""

    start_ns: int
    end_ns: int
    trace_id: bytes | None = None
    limit: int = 200


@dataclass(frozen=True, slots=True)
class RecordsQuery(Query[tuple[Record, ...]]):
    """The newest records of one kind whose time lies in `[start_ns, end_ns)`, newest first.

    With a `prefix` those whose key begins with it.
    """

    kind: str
    start_ns: int = 0
    end_ns: int = (1 << 63) - 1
    limit: int = 1_000
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class StoreSize:
    """How much a store holds. `raw_bytes` is what the same numbers take uncompressed, 0 if unknown."""

    bytes: int
    raw_bytes: int
    compressed_bytes: int
    points: int
    spans: int
    series: int


@dataclass(frozen=True, slots=True)
class SizeQuery(Query[StoreSize]):
    """How large is the store?"""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each thing is kept: buckets by width, spans and logs by age and number."""

    levels_ns: tuple[int, int, int, int] = (2 * HOUR_NS, DAY_NS, 14 * DAY_NS, 30 * DAY_NS)
    spans_ns: int = 30 * DAY_NS
    spans_max: int = 5_000_000
    logs_max: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What one round of upkeep did."""

    rolled_up: int
    expired_points: int
    expired_spans: int
    expired_logs: int


@runtime_checkable
class Store(Sink, Protocol):
    """Where everything that was observed is kept. Any thread may call any method."""

    def read(self, query: Query[Answer_co]) -> Answer_co:
        """Answer a query from what has been written."""
        ...

    def maintain(self, now_ns: int) -> Maintenance:
        """Roll fine buckets up into coarse ones and drop what is past its retention."""
        ...
