"""The meter of judging: scores as metrics, how long they took, and what was not judged."""

from homeostat.core.clock import SECOND_NS
from homeostat.observe.recorder import Counter, Gauge, Histogram
from homeostat.runtime.host import Host
from homeostat.stats.agreement import Agreement

MS_NS = SECOND_NS // 1_000


class JudgingMeter:
    """Records for all evaluators of one application; it is told names and numbers, never a text."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._scores: dict[tuple[str, str], Histogram] = {}
        self._durations: dict[str, Histogram] = {}
        self._counters: dict[tuple[str, str, str], Counter] = {}
        self._gauges: dict[str, Gauge] = {}

    def score(self, operation: str, evaluator: str, value: float) -> None:
        """Record a judgement of what was said in an operation, as `quality.NAME`."""
        handle = self._scores.get((operation, evaluator))
        if handle is None:
            handle = self._host.histogram(f"quality.{evaluator}", "ratio", operation=operation)
            self._scores[operation, evaluator] = handle
        handle.record(value)

    def took(self, evaluator: str, duration_ns: int) -> None:
        """Record how long one judgement took."""
        handle = self._durations.get(evaluator)
        if handle is None:
            handle = self._host.histogram("evaluate.duration", "ms", evaluator=evaluator)
            self._durations[evaluator] = handle
        handle.record(duration_ns / MS_NS)

    def silent(self, evaluator: str) -> None:
        """Count a text of which an evaluator had nothing to say."""
        self._count("evaluate.silent", "evaluator", evaluator)

    def failed(self, evaluator: str) -> None:
        """Count a text that an evaluator could not judge."""
        self._count("evaluate.failed", "evaluator", evaluator)

    def dropped(self, reason: str, n: int = 1) -> None:
        """Count texts that were to be judged and were not."""
        self._count("evaluate.dropped", "reason", reason, n)

    def waiting(self, lane: str, n: int) -> None:
        """Record how many texts wait."""
        handle = self._gauges.get(lane)
        if handle is None:
            handle = self._gauges[lane] = self._host.gauge("evaluate.waiting", "1", lane=lane)
        handle.set(n)

    def agreement(self, evaluator: str, beside: str, measure: str, found: Agreement) -> None:
        """Record how far two evaluators agree: the estimate, and what it is at least."""
        names = {"evaluator": evaluator, "beside": beside, "measure": measure}
        self._host.gauge("evaluate.agreement", "ratio", **names).set(found.estimate)
        self._host.gauge("evaluate.agreement.low", "ratio", **names).set(found.interval.low)

    def _count(self, metric: str, attribute: str, value: str, n: int = 1) -> None:
        handle = self._counters.get((metric, attribute, value))
        if handle is None:
            handle = self._host.counter(metric, "1", **{attribute: value})
            self._counters[metric, attribute, value] = handle
        handle.add(n)
