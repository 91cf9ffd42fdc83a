"""The candidate: a series with its statistic and judgement, ranked for being shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homeostat.core.metric import Metric
from homeostat.core.query import Total
from homeostat.core.series import SeriesKey
from homeostat.judge.targets.limit import ORDER, Judgement, State, judge
from homeostat.judge.targets.statistic import Statistic, default_statistic, statistic
from homeostat.judge.views.window import Window

OWN_SERVICE = "homeostat"
"""The service under which a node watches itself."""


OWN_METRICS = ("homeostat.", "loop.")
"""Starts of the names of what Homeostat and its loops tell of themselves; loops have pages of their own."""


RESOURCE_GROUPS = frozenset({"cpu", "memory", "scheduling", "storage", "network", "gpu", "homeostat"})
"""Groups of the catalogue that belong to the machine and not to the application."""

TOLD_FIRST = ("operation.duration", "operation.", "load.", "llm.duration", "llm.")
"""Metrics by the start of their names, those first that a person feels first."""


SUPPORTING = frozenset({"operation.time_in_flight", "llm.time_in_flight"})
"""Metrics that others are worked out from, and that say little by themselves."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A series with its statistic and judgement, before its row is made."""

    key: SeriesKey
    total: Total
    metric: Metric | None
    statistic: Statistic
    judgement: Judgement
    essential: bool

    @property
    def excess(self) -> float:
        """How many times over its limit it is (of a limit from below: under it)."""
        target = self.metric.target if self.metric is not None else None
        if target is None or self.statistic.value in (0.0, target) or target == 0:
            return 1.0
        over = abs(self.statistic.value / target)
        return over if over > 1 else 1 / over


def text_of(key: SeriesKey, hidden: frozenset[str] = frozenset()) -> str:
    """Return a series' name in words.

    >>> from homeostat.core.metric import Kind
    >>> text_of(SeriesKey.of("llm.duration", Kind.HISTOGRAM, "ms", {"model": "m"}))
    'llm.duration{model=m}'
    """
    shown = ",".join(f"{k}={v}" for k, v in key.attributes if k not in hidden)
    return f"{key.metric}{{{shown}}}" if shown else key.metric


def is_essential(key: SeriesKey, metric: Metric | None, resources: frozenset[str]) -> bool:
    """An essential variable is the application's own."""
    group = metric.group if metric is not None else ""
    own = key.metric.startswith(OWN_METRICS) or key.metric in SUPPORTING
    return group not in resources and not own


def candidates(
    totals: Mapping[SeriesKey, Total],
    metrics: Mapping[str, Metric],
    window: Window,
    resources: frozenset[str],
) -> list[Candidate]:
    """Return the essential variables and all that has a limit, the broken ones first."""
    found = []
    for key, total in totals.items():
        metric = metrics.get(key.metric)
        essential = is_essential(key, metric, resources)
        limited = metric is not None and metric.target is not None
        if total.moments.count == 0 or not (essential or limited):
            continue
        name = metric.judged_by if metric is not None else default_statistic(key.kind)
        shown = statistic(total, name, key.unit, window.seconds(key.get("service")))
        found.append(
            Candidate(key, total, metric, shown, judge(shown, total.moments.count, metric), essential)
        )
    found.sort(key=_rank)
    return found


def precedence(key: SeriesKey) -> tuple[int, int]:
    """Return how early a series is told: what a person waits for first, whole operations before stages.

    >>> from homeostat.core.metric import Kind
    >>> whole = SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"operation": "answer"})
    >>> stage = SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"operation": "answer.rank"})
    >>> errors = SeriesKey.of("operation.errors", Kind.COUNTER, "1", {"operation": "answer"})
    >>> precedence(whole) < precedence(errors) < precedence(stage)
    True
    """
    stages = key.get("operation").count(".")
    first = next((i for i, start in enumerate(TOLD_FIRST) if key.metric.startswith(start)), len(TOLD_FIRST))
    return stages, first


def _rank(candidate: Candidate) -> tuple[int, bool, tuple[int, int], float, SeriesKey]:
    broken = candidate.judgement.state is State.VIOLATED
    worst_first = -candidate.excess if broken else 0.0
    return (
        ORDER[candidate.judgement.state],
        not candidate.essential,
        precedence(candidate.key),
        worst_first,
        candidate.key,
    )


def is_connected(found: Sequence[Candidate]) -> bool:
    """Tell whether anything but Homeostat itself was measured."""
    return any(c.essential or c.key.get("service") not in ("", OWN_SERVICE) for c in found)


def shown_among(found: Sequence[Candidate]) -> list[Candidate]:
    """Return what the overview shows: the essential variables, and of the machine what is broken.

    Nothing before an application is connected.
    """
    if not is_connected(found):
        return []
    return [c for c in found if c.essential or c.judgement.state is State.VIOLATED]
