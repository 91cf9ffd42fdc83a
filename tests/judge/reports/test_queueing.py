"""Claims about queueing: what waits is told with what it gains to give it room, and what does not is not."""

import heapq

import numpy as np
import pytest

from homeostat.core.span import Span
from homeostat.judge.reports.bottleneck import bottlenecks
from homeostat.judge.reports.queueing import Queueing, QueueSeverity, queueing, unended
from homeostat.judge.reports.workload import Load

STRETCH_S = 60
RATES = np.linspace(0.15, 0.92, 15)


def served(servers: int, service_s: float, seed: int, rates: np.ndarray) -> tuple[Load, float]:
    """A first-come-first-served stage under a load that varies, and its true mean service."""
    rng = np.random.default_rng(seed)
    arrivals = np.concatenate(
        [
            np.sort(rng.random(rng.poisson(rate * STRETCH_S))) * STRETCH_S + i * STRETCH_S
            for i, rate in enumerate(rates)
        ]
    )
    service = rng.exponential(service_s, arrivals.size)
    free = [0.0] * servers
    ends = np.empty(arrivals.size)
    for i, at in enumerate(arrivals.tolist()):
        ends[i] = max(at, heapq.heappop(free)) + service[i]
        heapq.heappush(free, ends[i])
    seconds = len(rates) * STRETCH_S
    slots = np.minimum(ends.astype(int), seconds - 1)
    counts = np.bincount(slots, minlength=seconds).astype(float)
    busy_s = np.bincount(slots, weights=ends - arrivals, minlength=seconds)
    return Load("rank", "epoch", 0, 10**9, counts, busy_s), float(service.mean())


def shuffled(capacity: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(RATES) * capacity


def told(load: Load, counted: float | None = None) -> Queueing:
    found = queueing(load, counted)
    assert found is not None
    return found


@pytest.mark.parametrize(("servers", "service_s"), [(1, 0.02), (4, 0.1)])
def test_a_stage_that_waits_is_told_with_how_much_it_is_used_and_what_one_more_gains(
    servers: int, service_s: float
) -> None:
    rates = shuffled(servers / service_s, 1)
    load, service = served(servers, service_s, 1, rates)
    wider, _ = served(servers + 1, service_s, 1, rates)
    assert load.busy_s is not None
    assert wider.busy_s is not None
    found = told(load)
    mean_s = load.busy_s.sum() / load.counts.sum()
    truly = 1 - service / mean_s
    assert found.waiting_low is not None
    assert truly - 0.15 < found.waiting_low <= truly
    assert found.at_a_time == servers
    assert found.utilisation == pytest.approx(rates.mean() * service_s / servers, abs=0.08)
    assert found.shorter == pytest.approx(1 - (wider.busy_s.sum() / wider.counts.sum()) / mean_s, abs=0.12)
    assert found.severity in (QueueSeverity.SEVERE, QueueSeverity.NOTABLE)
    assert "of its time is waiting" in found.words
    assert "with one more at a time it would be about" in found.words


def test_where_nothing_waits_none_is_proven() -> None:
    load, _ = served(1_000, 0.3, 2, shuffled(60.0, 2))
    found = told(load)
    assert found.severity is QueueSeverity.MINOR
    assert found.shorter is None
    assert "no waiting is proven" in found.words


def test_under_a_load_that_does_not_vary_nothing_is_said() -> None:
    load, _ = served(4, 0.1, 3, np.full(15, 30.0))
    found = told(load)
    assert (found.severity, found.waiting, found.utilisation) == (QueueSeverity.UNKNOWN, None, None)
    assert "whether it waits for its turn is not known, since" in found.words


def test_what_began_and_does_not_end_is_told_by_the_count() -> None:
    load, _ = served(4, 0.1, 4, shuffled(40.0, 4))
    same = told(load)
    assert told(load, same.in_progress * 1.1).agrees is True
    hung = told(load, same.in_progress + 7.0)
    assert hung.agrees is False
    assert "some take far longer, or never end" in hung.words


def test_of_what_never_ended_nothing_is_said() -> None:
    assert queueing(Load("rank", "epoch", 0, 10**9, np.zeros(100), np.zeros(100))) is None
    assert queueing(Load("rank", "epoch", 0, 10**9, np.ones(100), None)) is None


def test_a_bottleneck_says_what_its_waiting_costs_the_whole() -> None:
    load, _ = served(1, 0.02, 1, shuffled(50.0, 1))
    queue = told(load)
    span = Span(b"t" * 16, b"s" * 8, b"", "rank", "rank", "web", "internal", 0, 10**9)
    (found,) = bottlenecks([(span,)] * 40, None, {"rank": queue})
    assert found.queueing == queue
    assert "of its own time is waiting, used to" in found.words
    assert "and with one more at a time the whole would be up to" in found.words


def test_of_what_none_ended_the_count_is_told() -> None:
    found = unended("stuck", 3.0)
    assert found is not None
    assert (found.agrees, found.mean_ms) == (False, None)
    assert found.words == "stuck: 3 are in progress by count, and none has ended."
    assert unended("idle", 0.2) is None
    late = unended("late", 1.0, 1)
    assert late is not None
    assert late.words == "late: 1 is in progress by count, and 1 has ended."
