"""The summary of the demo: what the server measured, in figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from homeostat.app.demo.loop_outcome import LoopOutcome
from homeostat.app.demo.readings import Frame, OperationRow, OverviewRow, Readings, SpendRow
from homeostat.prove.load.replay_result import ReplayResult

GAP_S = 5.0
"""Times over a limit that lie no further apart are one."""

COLUMNS = {"min": "minimum", "max": "maximum"}
FOLDING = "homeostat.flush.duration"
COLLECTING = "homeostat.collector.duration"
UNTOLD = ("service", "provider")


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that was broken, over the whole run and when; times are seconds since the load began."""

    metric: str
    of: str
    statistic: str
    measured: str
    limit: str
    n: int
    spans_s: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of an operation, and its share of the time that all of these operations took."""

    operation: str
    n: int
    mean_ms: float
    p95_ms: float
    share: float


@dataclass(frozen=True, slots=True)
class Loss:
    """What was dropped, by whom and why."""

    service: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Overhead:
    """What observing cost: in the assistant (shares of one core), and in the server that kept it all.

    The shares are those of the median second, `assistant_s` is the whole, with what is done once (the
    price list is loaded with the first call). Both are elapsed time, and so at most what the processor
    spent. None is what was not told.
    """

    folding_share: float | None
    collecting_share: float | None
    assistant_s: float
    server_cpu_s: float
    server_rss_bytes: int


@dataclass(frozen=True, slots=True)
class Summary:
    """All of it. `sentence` is the page's own; `cost_words` names what is unpriced."""

    page: str
    sentence: str
    requests: ReplayResult
    loop: LoopOutcome
    series: int
    operations: int
    model_calls: int
    total_tokens: int
    cached_tokens: int
    limits: int
    limits_broken: int
    limits_unknown: int
    breaches: tuple[Breach, ...]
    stages: tuple[Stage, ...]
    spend: tuple[SpendRow, ...]
    cost_words: str
    losses: tuple[Loss, ...]
    overhead: Overhead


def stages_of(rows: Sequence[OperationRow]) -> tuple[Stage, ...]:
    """Return each operation that has stages, followed by them, the longest first."""
    total_ms = {row.operation: row.n * row.mean_ms for row in rows}
    found = []
    for root in sorted(rows, key=lambda r: -total_ms[r.operation]):
        parts = [r for r in rows if r.operation.startswith(root.operation + ".")]
        if not parts or total_ms[root.operation] <= 0:
            continue
        parts.sort(key=lambda r: -total_ms[r.operation])
        for row in (root, *parts):
            share = total_ms[row.operation] / total_ms[root.operation]
            found.append(Stage(row.operation, row.n, row.mean_ms, row.p95_ms, share))
    return tuple(found)


def over_limit(
    frames: Iterable[Frame], statistic: str, limit: float, lower_is_better: bool, begin_ns: int
) -> tuple[tuple[float, float], ...]:
    """Return when the statistic of one-second buckets lay beyond a limit, near times as one."""
    seconds = set()
    for frame in frames:
        values = frame.column(COLUMNS.get(statistic, statistic))
        for start_ns, value in zip(frame.start_ns, values, strict=True):
            if value is not None and (value > limit if lower_is_better else value < limit):
                seconds.add((start_ns - begin_ns) / 1e9)
    spans: list[tuple[float, float]] = []
    for second in sorted(seconds):
        if spans and second - spans[-1][1] <= GAP_S:
            spans[-1] = (spans[-1][0], second + 1.0)
        else:
            spans.append((max(second, 0.0), second + 1.0))
    return tuple(spans)


def breaches_of(readings: Readings, rows: Sequence[OverviewRow], begin_ns: int) -> tuple[Breach, ...]:
    """Return the broken limits, in the order of the overview."""
    broken = [row for row in rows if row.state == "violated" and row.target is not None]
    found = []
    for row in broken:
        assert row.target is not None
        frames = readings.frames(row.metric, row.attributes)
        lower = row.value is None or row.value > row.target
        spans = over_limit(frames, row.statistic, row.target, lower, begin_ns)
        of = ", ".join(value for name, value in row.attributes if name not in UNTOLD)
        found.append(Breach(row.metric, of, row.statistic, row.value_words, row.limit_words, row.n, spans))
    return tuple(found)


def losses_of(readings: Readings) -> tuple[Loss, ...]:
    """Return what anyone dropped, the most first."""
    found = [
        Loss(frame.attributes.get("service", ""), frame.attributes.get("reason", ""), round(frame.total))
        for frame in readings.frames("homeostat.dropped")
    ]
    return tuple(sorted(found, key=lambda loss: -loss.count))


def own_seconds(readings: Readings, metric: str, service: str) -> dict[int, float]:
    """Return how long something of ours took in each second of a service, in seconds, by their starts."""
    taken: dict[int, float] = {}
    for frame in readings.frames(metric, (("service", service),)):
        for start_ns, total_ms in zip(frame.start_ns, frame.column("total"), strict=True):
            taken[start_ns] = taken.get(start_ns, 0.0) + (total_ms or 0.0) / 1e3
    return taken


def overhead_of(readings: Readings, service: str, server_cpu_s: float, server_rss_bytes: int) -> Overhead:
    """Return what observing a service cost."""
    folding = own_seconds(readings, FOLDING, service)
    collecting = own_seconds(readings, COLLECTING, service)
    return Overhead(
        folding_share=median(folding.values()) if folding else None,
        collecting_share=median(collecting.values()) if collecting else None,
        assistant_s=sum(folding.values()) + sum(collecting.values()),
        server_cpu_s=server_cpu_s,
        server_rss_bytes=server_rss_bytes,
    )
