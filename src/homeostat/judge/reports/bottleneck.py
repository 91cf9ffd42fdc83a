"""The bottleneck: a stage that traces wait for, how severe it is, and what mending it would gain."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from homeostat.core.span import Span
from homeostat.judge.reports.queueing import WAITING_MIN, Queueing
from homeostat.judge.views.critical_path import time_by_operation
from homeostat.judge.views.operations import OperationRow
from homeostat.judge.words.quantity import number, quantity
from homeostat.stats.effect import ratio_of_sums

LEAST_SHARE = 0.01


class BottleneckSeverity(StrEnum):
    """How much of the time goes there."""

    SEVERE = "severe"
    NOTABLE = "notable"
    MINOR = "minor"


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """One stage.

    `share` of the critical paths is its own work, with a 95% interval over the traces; `gain` is by how much
    the whole gets shorter at most if the stage takes half its time. `busy` is how many of it are in
    progress on average, None where it was not measured; `queueing` is how it stands to its load.
    """

    operation: str
    severity: BottleneckSeverity
    share: float
    share_low: float | None
    share_high: float | None
    share_words: str
    gain: float
    gain_words: str
    mean_ms: float | None
    busy: float | None
    queueing: Queueing | None
    words: str


def bottlenecks(
    traces: Sequence[Sequence[Span]],
    rows: Mapping[str, OperationRow] | None = None,
    queues: Mapping[str, Queueing] | None = None,
) -> tuple[Bottleneck, ...]:
    """Return the stages of some traces by their share of the critical paths, the largest first.

    Guarantee: none of the gain is told twice, since each moment of a critical path belongs to one stage.
    The gain is an upper bound: another path may become the critical one. Does not hold for all traffic
    where only slow and failed traces are kept whole: it is about those.
    """
    spent = [time_by_operation((t,)) for t in traces if t]
    whole = np.array([sum(s.values()) for s in spent], dtype=np.float64)
    if not whole.size or not whole.sum() > 0:
        return ()
    total: Counter[str] = Counter()
    for one in spent:
        total.update(one)
    found = []
    for operation, ns in total.most_common():
        share = ns / float(whole.sum())
        if share < LEAST_SHARE:
            break
        own = np.array([s.get(operation, 0) for s in spent], dtype=np.float64)
        row = rows.get(operation) if rows else None
        queue = queues.get(operation) if queues else None
        found.append(_bottleneck(operation, share, own, whole, row, queue))
    return tuple(found)


def _bottleneck(
    operation: str,
    share: float,
    own: np.ndarray,
    whole: np.ndarray,
    row: OperationRow | None,
    queue: Queueing | None,
) -> Bottleneck:
    estimate = ratio_of_sums(own, whole)
    low = max(estimate.interval.low, 0.0) if estimate else None
    high = min(estimate.interval.high, 1.0) if estimate else None
    severity = (
        BottleneckSeverity.SEVERE
        if share >= 0.5
        else BottleneckSeverity.NOTABLE
        if share >= 0.2
        else BottleneckSeverity.MINOR
    )
    interval = (
        f" [{number(100 * low)}, {number(100 * high)}]%" if low is not None and high is not None else ""
    )
    shown = f"{quantity(share, 'ratio')}{interval}"
    busy = f"; {number(row.busy, 2)} in progress on average" if row is not None else ""
    gain = share / 2
    waits = _waits(queue, share)
    return Bottleneck(
        operation=operation,
        severity=severity,
        share=share,
        share_low=low,
        share_high=high,
        share_words=shown,
        gain=gain,
        gain_words=f"up to {quantity(gain, 'ratio')}",
        mean_ms=row.mean_ms if row else None,
        busy=row.busy if row else None,
        queueing=queue,
        words=(
            f"{operation} is {shown} of the critical path{busy}; twice as fast, it would make the whole up to"
            f" {quantity(gain, 'ratio')} shorter{waits}."
        ),
    )


def _waits(queue: Queueing | None, share: float) -> str:
    """What is known of its waiting, in words; nothing where none is proven."""
    if queue is None or not queue.waiting_low or queue.waiting is None or queue.waiting_low < WAITING_MIN:
        return ""
    used = f", used to {quantity(queue.utilisation, 'ratio')}" if queue.utilisation is not None else ""
    said = f"; at least {quantity(queue.waiting, 'ratio')} of its own time is waiting{used}"
    if queue.shorter is not None:
        gain = quantity(share * queue.shorter, "ratio")
        said += f", and with one more at a time the whole would be up to {gain} shorter"
    return said
