"""The readings: what the server's API says after the demo's load."""

from collections.abc import Sequence

import httpx2
import msgspec

from homeostat.core.clock import SECOND_NS

ROWS = 1_000


class OverviewRow(msgspec.Struct):
    """One essential variable."""

    key: str
    metric: str
    attributes: list[tuple[str, str]]
    statistic: str
    value: float | None
    value_words: str
    target: float | None
    limit_words: str
    state: str
    n: int


class Overview(msgspec.Struct):
    """The essential variables, and the sentence about them."""

    sentence: str
    limits: int
    broken: int
    unknown: int
    rows: list[OverviewRow]


class OperationRow(msgspec.Struct):
    """One operation."""

    operation: str
    n: int
    errors: int
    mean_ms: float
    p95_ms: float


class Operations(msgspec.Struct):
    """All operations."""

    operations: list[OperationRow]


class SpendRow(msgspec.Struct):
    """What one model cost in one operation; cached tokens are part of the input."""

    model: str
    operation: str
    calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float | None
    cost_words: str


class Spend(msgspec.Struct):
    """Tokens and money."""

    rows: list[SpendRow]
    calls: int
    total_tokens: int
    cached_tokens: int
    cost_words: str


class Frame(msgspec.Struct):
    """The points of one series, a second each."""

    attributes: dict[str, str]
    start_ns: list[int]
    count: list[int]
    mean: list[float | None]
    minimum: list[float | None]
    maximum: list[float | None]
    last: list[float | None]
    p50: list[float | None]
    p90: list[float | None]
    p95: list[float | None]
    p99: list[float | None]

    def column(self, statistic: str) -> Sequence[float | None]:
        """Return a statistic of each second; a counter's rate is its increase in it."""
        if statistic in ("rate", "total"):
            return [n * (mean or 0.0) for n, mean in zip(self.count, self.mean, strict=True)]
        column: Sequence[float | None] = getattr(self, statistic)
        return column

    @property
    def total(self) -> float:
        """The sum of all values."""
        return sum(value or 0.0 for value in self.column("total"))


class Frames(msgspec.Struct):
    """Series over time."""

    frames: list[Frame]


class SeriesCount(msgspec.Struct):
    """How many series there are."""

    total: int


class Readings:
    """Asks the API of the server at `endpoint` about what lies between two times."""

    def __init__(self, endpoint: str, begin_ns: int, end_ns: int) -> None:
        self._http = httpx2.Client(base_url=endpoint, timeout=10.0, trust_env=False)
        self._window = {"start": str(begin_ns), "end": str(end_ns), "level": str(SECOND_NS)}
        self.close = self._http.close

    def overview(self) -> Overview:
        """Return the essential variables."""
        return msgspec.json.decode(self._get("/api/overview", [("limit", str(ROWS))]), type=Overview)

    def operations(self) -> list[OperationRow]:
        """Return the operations."""
        return msgspec.json.decode(self._get("/api/operations"), type=Operations).operations

    def spend(self) -> Spend:
        """Return tokens and money."""
        return msgspec.json.decode(self._get("/api/spend"), type=Spend)

    def series(self) -> int:
        """Return the number of series."""
        return msgspec.json.decode(self._get("/api/series"), type=SeriesCount).total

    def frames(self, metric: str, attributes: Sequence[tuple[str, str]] = ()) -> list[Frame]:
        """Return the series of a metric with these attributes, second by second."""
        asked = [("metric", metric), *self._window.items()]
        asked += [("attribute", f"{name}={value}") for name, value in attributes]
        return msgspec.json.decode(self._get("/api/frames", asked), type=Frames).frames

    def _get(self, path: str, asked: Sequence[tuple[str, str]] = ()) -> bytes:
        response = self._http.get(path, params=list(asked))
        response.raise_for_status()
        return response.content
