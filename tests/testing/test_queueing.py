"""The queueing model against the theory of queues, under a hand-driven clock."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.testing.queueing import Job, ModelQueue, Phase, Service

FREE = Service(slots=1, queue_max=10**9, overhead_s=0.0, prefill_s_per_token=1e-6, decode_s_per_token=0.0)


def erlang_c(servers: int, load: float) -> float:
    """The probability that an arrival waits in M/M/c (Erlang 1917)."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


def drive(queue: ModelQueue, jobs: list[tuple[float, Job]]) -> Iterator[Job]:
    """Hand jobs in at their times and yield them as they are done."""
    for at_s, job in jobs:
        yield from (j for j in queue.advance(at_s) if j.phase is Phase.DONE)
        assert queue.arrive(at_s, job)
    while (next_s := queue.next_s()) < math.inf:
        yield from (j for j in queue.advance(next_s) if j.phase is Phase.DONE)


def job_of(prefill_tokens: int, decode_tokens: int = 1) -> Job:
    return Job(lambda: prefill_tokens, decode_tokens)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.7), (3, 2.4)])
def test_waiting_times_are_those_of_m_m_c(servers: int, load: float) -> None:
    random = np.random.default_rng(7)
    n = 60_000
    arrivals = np.cumsum(random.exponential(1.0, n))
    services = random.exponential(load, n)
    queue = ModelQueue(Service(servers, 10**9, 0.0, 1e-6, 0.0))
    jobs = [(t, job_of(round(s * 1e6))) for t, s in zip(arrivals.tolist(), services.tolist(), strict=True)]
    done = list(drive(queue, jobs))
    waits = np.array([j.started_s - j.arrived_s for j in done[n // 10 :]])
    theory_s = erlang_c(servers, load) * load / (servers - load)
    assert len(done) == n
    assert waits.mean() == pytest.approx(theory_s, rel=0.12)
    assert np.mean(waits > 0) == pytest.approx(erlang_c(servers, load), abs=0.03)


def test_sojourn_times_of_shared_decoding_are_those_of_m_m_1_processor_sharing() -> None:
    random = np.random.default_rng(11)
    n, load = 40_000, 0.6
    arrivals = np.cumsum(random.exponential(1.0, n))
    tokens = 1 + np.round(random.exponential(load, n) * 1e4).astype(int)
    shared = Service(10**9, 10**9, 0.0, 0.0, decode_s_per_token=1e-4, crowding=1.0)
    jobs = [(t, job_of(0, k)) for t, k in zip(arrivals.tolist(), tokens.tolist(), strict=True)]
    done = list(drive(ModelQueue(shared), jobs))
    sojourn = np.array([j.done_s - j.arrived_s for j in done[n // 10 :]])
    assert sojourn.mean() == pytest.approx(load / (1 - load), rel=0.1)


def test_a_lone_request_takes_the_time_that_its_tokens_need() -> None:
    queue = ModelQueue(Service(4, 10, 0.5, 0.01, 0.1, crowding=0.5))
    (job,) = drive(queue, [(3.0, job_of(100, 11))])
    assert job.first_token_s == pytest.approx(3.0 + 0.5 + 1.0)
    assert job.done_s == pytest.approx(3.0 + 0.5 + 1.0 + 10 * 0.1)


def test_decoding_slows_with_each_active_request() -> None:
    queue = ModelQueue(Service(4, 10, 0.0, 0.0, 0.1, crowding=0.5))
    first, second = drive(queue, [(0.0, job_of(0, 11)), (0.0, job_of(0, 11))])
    assert first.done_s == second.done_s == pytest.approx(10 * 0.1 * 1.5)


def test_tokens_come_one_after_the_other() -> None:
    queue = ModelQueue(Service(1, 10, 1.0, 0.0, 0.25))
    job = job_of(0, 5)
    queue.arrive(0.0, job)
    seen = []
    for at_s in (0.9, 1.0, 1.1, 1.26, 1.9, 2.1):
        queue.advance(at_s)
        seen.append(queue.tokens(job))
    assert seen == [0, 1, 1, 2, 4, 5]


def test_requests_are_served_in_the_order_in_which_they_came() -> None:
    done = drive(ModelQueue(FREE), [(0.0, job_of(1_000_000)), *((0.1 * i, job_of(1)) for i in range(1, 9))])
    starts = [j.started_s for j in done]
    assert starts == sorted(starts)


def test_what_does_not_fit_the_queue_is_turned_away() -> None:
    queue = ModelQueue(Service(slots=2, queue_max=3))
    assert [queue.arrive(0.0, job_of(1)) for _ in range(7)] == [True] * 5 + [False] * 2
    assert (queue.active, queue.waiting) == (2, 3)


def test_the_slot_of_a_request_that_leaves_is_free_at_once() -> None:
    queue = ModelQueue(FREE)
    jobs = [job_of(1_000_000) for _ in range(3)]
    for job in jobs:
        queue.arrive(0.0, job)
    queue.advance(0.5)
    queue.leave(0.5, jobs[1])
    queue.leave(0.5, jobs[0])
    assert jobs[2].started_s == 0.5
    assert [j for j in queue.advance(9.0) if j.phase is Phase.DONE] == [jobs[2]]
    assert jobs[2].done_s == pytest.approx(1.5)


def test_a_slow_down_reaches_the_requests_in_service() -> None:
    queue = ModelQueue(FREE)
    job = job_of(1_000_000)
    queue.arrive(0.0, job)
    queue.advance(0.5)
    queue.reconfigure(0.5, FREE, 4.0)
    assert queue.next_s() == pytest.approx(0.5 + 0.5 * 4.0)


def test_without_slots_all_wait_until_there_are_some_again() -> None:
    queue = ModelQueue(Service(slots=0, queue_max=5))
    job = job_of(1)
    queue.arrive(0.0, job)
    assert queue.next_s() == math.inf
    queue.reconfigure(2.0, Service(slots=1), 1.0)
    assert job.started_s == 2.0


@given(
    st.lists(st.tuples(st.floats(0, 10), st.integers(0, 500), st.integers(0, 50)), min_size=1, max_size=30),
    st.integers(1, 4),
)
def test_every_request_ends_exactly_once_and_after_its_own_work(
    given_jobs: list[tuple[float, int, int]], slots: int
) -> None:
    service = Service(slots, 100, 0.01, 0.001, 0.01, 0.1)
    jobs = [(at_s, job_of(prefill, decode)) for at_s, prefill, decode in sorted(given_jobs)]
    prefill = {id(job): tokens for (_, job), (_, tokens, _) in zip(jobs, sorted(given_jobs), strict=True)}
    queue = ModelQueue(service)
    done = list(drive(queue, jobs))
    assert sorted(map(id, done)) == sorted(id(job) for _, job in jobs)
    assert (queue.active, queue.waiting) == (0, 0)
    for job in done:
        alone_s = 0.01 + prefill[id(job)] * 0.001 + max(job.decode_tokens - 1, 0) * 0.01
        assert job.done_s - job.started_s >= alone_s - 1e-6
