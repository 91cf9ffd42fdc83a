"""Memory: a dict with expiry within a bound, whatever its policy is and becomes."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.runtime.cache.memory import AUTO, HITS_MAX, Memory
from homeostat.runtime.cache.observation import Observation
from homeostat.runtime.cache.policies.choice import POLICIES
from homeostat.runtime.cache.policies.handover import STEP, Handover
from homeostat.runtime.cache.policies.s3_fifo import S3Fifo
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock

FAR = 1 << 60


@dataclass
class Bench:
    memory: Memory
    host: BareHost
    clock: ManualClock
    knobs: dict[str, object]


def bench(capacity: int, policy: str = AUTO) -> Bench:
    clock = ManualClock()
    host = BareHost(clock)
    knobs: dict[str, object] = {"capacity": capacity, "policy": policy}
    memory = Memory(
        lambda: int(str(knobs["capacity"])),
        lambda: str(knobs["policy"]),
        clock.monotonic_ns,
        Observation(host, "c"),
    )
    return Bench(memory, host, clock, knobs)


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 15), st.integers(1, 5)),
        st.tuples(st.just("get"), st.integers(0, 15), st.just(0)),
        st.tuples(st.just("delete"), st.integers(0, 15), st.just(0)),
        st.tuples(st.just("untag"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 3), st.just(0)),
        st.tuples(st.just("policy"), st.integers(0, len(POLICIES) - 1), st.just(0)),
        st.tuples(st.just("capacity"), st.integers(1, 12), st.just(0)),
    ),
    max_size=120,
)


@given(operations=OPERATIONS)
def test_memory_never_serves_what_a_dict_with_expiry_would_not(
    operations: list[tuple[str, int, int]],
) -> None:
    b = bench(8)
    model: dict[str, tuple[int, int, int]] = {}
    for step, (what, number, life) in enumerate(operations):
        key, now_ns = f"k{number}", b.clock.monotonic_ns()
        if what == "put":
            until_ns = now_ns + life * 1_000_000_000
            b.memory.put(key, step, until_ns, until_ns, until_ns, stamps=((f"t{number % 4}", ""),))
            model[key] = (step, until_ns, number % 4)
        elif what == "get":
            found = b.memory.reader(key)
            if found is not None:
                value, until_ns, _ = model[key]
                assert (found.value, found.served_ns) == (value, until_ns)
                assert now_ns < until_ns
        elif what == "delete":
            b.memory.delete(key)
            model.pop(key, None)
        elif what == "untag":
            b.memory.delete_tagged([f"t{number}"])
            model = {k: v for k, v in model.items() if v[2] != number}
        elif what == "wait":
            b.clock.advance(number)
        else:
            b.knobs[what] = number if what == "capacity" else list(POLICIES)[number]
            b.memory.look()
        assert len(b.memory) <= int(str(b.knobs["capacity"]))
        assert all(b.memory.find(k) is None for k in {f"k{i}" for i in range(16)} - set(model))


def test_without_eviction_everything_is_there() -> None:
    b = bench(100)
    for i in range(100):
        b.memory.put(f"k{i}", i, FAR, FAR, FAR)
    assert [b.memory.reader(f"k{i}").value for i in range(100)] == list(range(100))  # type: ignore[union-attr]
    assert b.host.total("cache.evictions") == 0


def test_hits_are_counted_exactly_once_settled() -> None:
    b = bench(10)
    b.memory.put("k", 1, FAR, FAR, FAR)
    for _ in range(3 * HITS_MAX + 5):
        assert b.memory.reader("k") is not None
    b.memory.look()
    assert b.host.total("cache.hits", tier="memory") == 3 * HITS_MAX + 5


def test_a_bound_of_bytes_holds_and_what_alone_would_fill_a_quarter_is_not_taken() -> None:
    b = bench(1_000, "s3fifo")
    draw = random.Random(1)
    for i in range(500):
        assert b.memory.put(f"k{i}", i, FAR, FAR, FAR, weight=draw.randint(1, 250))
        assert b.memory.weight <= 1_000
    assert not b.memory.put("large", 1, FAR, FAR, FAR, weight=251)
    b.memory.put("k499", 1, FAR, FAR, FAR, weight=7)
    assert b.memory.find("k499").weight == 7  # type: ignore[union-attr]
    assert b.memory.weight <= 1_000


def test_a_value_too_large_takes_the_place_of_the_one_before_it_by_leaving_it_empty() -> None:
    b = bench(1_000)
    b.memory.put("k", "small", FAR, FAR, FAR, weight=10)
    assert not b.memory.put("k", "large", FAR, FAR, FAR, weight=900)
    assert b.memory.find("k") is None


@pytest.mark.parametrize("after", POLICIES)
def test_another_policy_and_another_size_keep_what_has_room(after: str) -> None:
    b = bench(200, "lru")
    for i in range(200):
        b.memory.put(f"k{i}", i, FAR, FAR, FAR)
    b.knobs["policy"] = after
    b.memory.look()
    assert b.memory.policy == after
    assert len(b.memory) == 200
    b.knobs["capacity"] = 50
    b.memory.look()
    assert len(b.memory) <= 50
    assert b.host.total("cache.evictions") >= 150


def test_after_a_change_of_policy_no_value_that_is_put_in_waits_for_all_the_others() -> None:
    b = bench(2_000, "lru")
    for i in range(2_000):
        b.memory.put(f"k{i}", i, FAR, FAR, FAR)
    b.knobs["policy"] = "s3fifo"
    b.memory.look()
    assert isinstance(b.memory._policy, Handover)
    for i in range(2_000 // STEP + 1):
        b.memory.put(f"new{i}", i, FAR, FAR, FAR)
        assert len(b.memory) <= 2_000
    assert isinstance(b.memory._policy, S3Fifo)
    assert len(b.memory) == 2_000


def skewed(seed: int, n: int) -> list[str]:
    """Keys by Zipf's law with exponent 0.9, of which LRU hits a good deal less than the others."""
    shares = [1.0 / rank**0.9 for rank in range(1, 20_001)]
    return [f"k{number}" for number in random.Random(seed).choices(range(20_000), shares, k=n)]


def test_shadows_change_the_policy_where_another_one_hits_more_and_then_leave_it() -> None:
    b = bench(500, "lru")  # the worst one for this
    b.knobs["policy"] = AUTO
    b.memory.look()
    assert b.memory.policy == "lru"
    for key in skewed(2, 40_000):
        if b.memory.reader(key) is None:
            b.memory.put(key, 1, FAR, FAR, FAR)
    assert b.memory.policy != "lru"
    assert 1 <= b.host.total("cache.policy_changes") <= 4
    estimated = b.host.snapshot("cache.shadow.hit_ratio", policy="lru", size="1").last
    better = b.host.snapshot("cache.shadow.hit_ratio", policy=b.memory.policy, size="1").last
    assert better > 1.1 * estimated


def test_a_fixed_policy_has_no_shadows_and_stays() -> None:
    b = bench(500, "lru")
    for key in skewed(2, 10_000):
        if b.memory.reader(key) is None:
            b.memory.put(key, 1, FAR, FAR, FAR)
    assert b.memory.policy == "lru"
    assert b.host.snapshot("cache.shadow.hit_ratio").count == 0


def test_shadows_sleep_where_nothing_is_evicted() -> None:
    b = bench(1_000)
    for i in range(1_100):
        b.memory.put(f"k{i}", i, FAR, FAR, FAR)
    assert b.memory._shadows is not None
    for _ in range(30):
        b.memory.look()
    assert b.memory._shadows is None


@settings(max_examples=6)
@given(seed=st.integers(0, 10_000))
def test_the_estimate_of_a_shadow_is_near_the_hit_ratio_of_the_whole_cache(seed: int) -> None:
    draw = random.Random(seed)
    b = bench(1_500)
    hits = seen = 0
    for step in range(25_000):
        key = f"k{seed}_{int(draw.paretovariate(0.5)) % 20_000}"
        if b.memory.reader(key) is not None:
            hits += step > 12_000
        else:
            b.memory.put(key, 1, FAR, FAR, FAR)
        seen += step > 12_000
    b.memory.look()
    estimated = b.host.snapshot("cache.shadow.hit_ratio", policy=b.memory.policy, size="1")
    if estimated.count:
        assert abs(estimated.last - hits / seen) < 0.12


def test_many_threads_neither_lose_the_bound_nor_fail() -> None:
    b = bench(300)

    def work(seed: int) -> None:
        draw = random.Random(seed)
        for _ in range(6_000):
            key = f"k{draw.randint(0, 2_000)}"
            entry = b.memory.reader(key)
            if entry is not None:
                assert entry.value == key
            elif draw.random() < 0.9:
                b.memory.put(key, key, FAR, FAR, FAR)
            else:
                b.memory.delete(key)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))
    b.memory.look()
    assert len(b.memory) <= 300
    assert len(list(b.memory._policy)) == len(b.memory) == b.memory.weight


def test_a_cache_that_only_hits_follows_its_knobs_too() -> None:
    b = bench(100, "lru")
    for i in range(100):
        b.memory.put(f"k{i}", i, FAR, FAR, FAR)
    b.knobs["capacity"] = 10
    for _ in range(4 * HITS_MAX):
        b.memory.reader("k99")
    assert len(b.memory) == 10
    assert b.memory.reader("k99") is not None


def test_shadows_rest_once_nothing_changes_and_watch_again_after_four_times_as_many_evictions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("homeostat.runtime.cache.memory.SETTLED_BLOCKS", 20)
    b = bench(100)
    keys = iter(skewed(3, 100_000))

    def play(until: Callable[[], bool]) -> None:
        for key in keys:
            if b.memory.reader(key) is None:
                b.memory.put(key, 1, FAR, FAR, FAR)
            if until():
                return

    play(lambda: b.memory._shadows is not None)
    play(lambda: b.memory._shadows is None)
    watched, before = b.memory._watched, b.host.total("cache.evictions")
    assert b.memory._unwatched in (4 * watched, 4 * watched - 1)
    play(lambda: b.memory._shadows is not None)
    assert abs(b.host.total("cache.evictions") - before - 4 * watched) <= 2
