"""The cache on memory: times, absence, errors, tags, tenants, keys, bounds; for tasks and threads."""

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError, InputError
from homeostat.runtime.cache.cache import Cache
from homeostat.runtime.cache.key import arguments_key, shared_key
from homeostat.runtime.cache.lifetime import Lifetime, lifetime_of, named_lifetimes
from homeostat.runtime.cache.sync_cache import tags_of
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock

HOUR_S, DAY_S, WEEK_S = 3_600, 86_400, 604_800


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def host(clock: ManualClock) -> BareHost:
    return BareHost(clock)


def numbered() -> tuple[Callable[[], str], list[int]]:
    calls: list[int] = []

    def load() -> str:
        calls.append(1)
        return f"value {len(calls)}"

    return load, calls


def test_the_kinds_live_an_hour_a_day_and_a_week() -> None:
    ttls = {kind: lifetime.ttl_s for kind, lifetime in named_lifetimes().items()}
    assert ttls == {"profile": HOUR_S, "decision": DAY_S, "template": WEEK_S}


def test_a_value_is_served_until_its_time_and_loaded_anew_after_it(
    host: BareHost, clock: ManualClock
) -> None:
    cache: Cache[str] = Cache(host, "c", lifetime=Lifetime(10, jitter=0))
    load, _ = numbered()
    assert cache.sync.load("k", load) == "value 1"
    clock.advance(9.99)
    assert cache.sync.load("k", load) == "value 1"
    clock.advance(0.02)
    assert cache.sync.get("k") is None
    assert cache.sync.get("k", "default") == "default"
    assert cache.sync.load("k", load) == "value 2"


@given(jitter=st.floats(0, 1), uniform=st.floats(0, 1), ttl_s=st.floats(0.01, 1e6), stale_s=st.floats(0, 1e6))
def test_jitter_takes_at_most_its_share_and_adds_nothing(
    jitter: float, uniform: float, ttl_s: float, stale_s: float
) -> None:
    fresh_ns, dead_ns = Lifetime(ttl_s, stale_s=stale_s, jitter=jitter).times_ns("v", lambda: uniform)
    assert ttl_s * (1 - jitter) * 1e9 - 1 <= fresh_ns <= ttl_s * 1e9
    assert abs(dead_ns - fresh_ns - stale_s * 1e9) <= 1


def test_what_is_loaded_together_does_not_end_together(host: BareHost, clock: ManualClock) -> None:
    cache: Cache[int] = Cache(host, "c", lifetime=Lifetime(100, jitter=0.5))
    for i in range(400):
        cache.sync.set(f"k{i}", i)
    left = []
    for _ in range(10):
        left.append(sum(cache.sync.get(f"k{i}") is not None for i in range(400)))
        clock.advance(10)
    assert left[:5] == [400] * 5
    assert 0 < left[6] < left[5] <= 400
    assert left[5] - left[6] < 200


def test_a_stale_value_is_served_at_once_and_loaded_anew_by_one_task(
    host: BareHost, clock: ManualClock
) -> None:
    cache: Cache[str] = Cache(host, "c", lifetime=Lifetime(10, stale_s=20, jitter=0))
    go = asyncio.Event()
    calls: list[int] = []

    async def load() -> str:
        calls.append(1)
        if len(calls) > 1:
            await go.wait()
        return f"value {len(calls)}"

    async def main() -> None:
        assert await cache.load("k", load) == "value 1"
        clock.advance(11)
        assert await asyncio.gather(*(cache.load("k", load) for _ in range(5))) == ["value 1"] * 5
        go.set()
        for _ in range(10):
            await asyncio.sleep(0)
        assert await cache.load("k", load) == "value 2"
        assert len(calls) == 2
        clock.advance(31)
        assert await cache.load("k", load) == "value 3"

    asyncio.run(main())
    assert host.total("cache.stale_served") >= 5


def test_a_refresh_that_fails_leaves_the_stale_value(host: BareHost, clock: ManualClock) -> None:
    cache: Cache[str] = Cache(host, "c", lifetime=Lifetime(10, stale_s=20, jitter=0))
    cache.sync.set("k", "old")
    clock.advance(11)
    failed = threading.Event()

    def fails() -> str:
        failed.set()
        raise RuntimeError("the backend is away")

    assert cache.sync.load("k", fails) == "old"
    assert failed.wait(60.0)
    assert cache.sync.load("k", fails) == "old"
    clock.advance(20)
    with pytest.raises(RuntimeError):
        cache.sync.load("k", fails)


def test_a_plain_function_refreshes_in_a_thread(host: BareHost, clock: ManualClock) -> None:
    cache: Cache[str] = Cache(host, "c", lifetime=Lifetime(10, stale_s=20, jitter=0))
    load, calls = numbered()
    cache.sync.load("k", load)
    clock.advance(11)
    assert cache.sync.load("k", load) == "value 1"
    while cache.sync.get("k") != "value 2":
        pass
    assert len(calls) == 2


def test_absence_is_kept_for_its_own_time_or_not_at_all(host: BareHost, clock: ManualClock) -> None:
    calls: list[int] = []

    def nobody() -> str | None:
        calls.append(1)
        return None

    forgetful: Cache[str | None] = Cache(host, "a", lifetime=Lifetime(100))
    assert forgetful.sync.load("k", nobody) is None
    assert forgetful.sync.load("k", nobody) is None
    assert len(calls) == 2

    cache: Cache[str | None] = Cache(host, "b", lifetime=Lifetime(100, absent_s=5))
    for _ in range(3):
        assert cache.sync.load("k", nobody) is None
    assert len(calls) == 3
    assert cache.sync.get("k", "default") is None
    clock.advance(5.1)
    assert cache.sync.get("k", "default") == "default"


def test_errors_are_kept_only_where_asked_and_only_those(host: BareHost, clock: ManualClock) -> None:
    calls: list[int] = []

    def fails() -> str:
        calls.append(1)
        raise KeyError("k") if len(calls) < 3 else ValueError("v")

    cache: Cache[str] = Cache(host, "c", lifetime=Lifetime(100, error_s=5, errors=(KeyError,)))
    for _ in range(3):
        with pytest.raises(KeyError):
            cache.sync.load("k", fails)
    assert len(calls) == 1
    assert cache.sync.get("other") is None
    clock.advance(5.1)
    with pytest.raises(KeyError):
        cache.sync.load("k", fails)
    clock.advance(5.1)
    for _ in range(2):
        with pytest.raises(ValueError, match="v"):
            cache.sync.load("k", fails)
    assert len(calls) == 4
    cache.sync.set("k", "fine")
    assert cache.sync.get("k") == "fine"


def test_a_tag_forgets_all_that_has_it_and_nothing_else(host: BareHost) -> None:
    cache: Cache[int] = Cache(host, "c")
    cache.sync.set("a", 1, tags=["user:1", "model"])
    cache.sync.set("b", 2, tags=["user:2", "model"])
    cache.sync.set("c", 3)
    cache.sync.invalidate("user:1")
    assert [cache.sync.get(k) for k in "abc"] == [None, 2, 3]
    cache.sync.set("b", 4)
    cache.sync.invalidate("model")
    assert [cache.sync.get(k) for k in "abc"] == [None, 4, 3]
    cache.sync.delete("b", "c", "none")
    assert [cache.sync.get(k) for k in "abc"] == [None, None, None]


NAMES = st.text(min_size=1, max_size=6) | st.sampled_from(["a", "a:", ":a", "1:a", "a\x00", "\x00a", "a:b"])
KEYS = st.text(max_size=6) | st.binary(max_size=6) | st.sampled_from(["", "a", ":a", "a:a"])


@given(first=st.tuples(NAMES, KEYS), second=st.tuples(NAMES, KEYS))
def test_no_tenant_finds_by_any_key_what_another_one_put_in(
    first: tuple[str, str | bytes], second: tuple[str, str | bytes]
) -> None:
    cache: Cache[int] = Cache(BareHost(), "c")
    cache.tenant(first[0]).sync.set(first[1], 1)
    expected = 1 if first == second else None
    assert cache.tenant(second[0]).sync.get(second[1]) == expected
    assert cache.sync.get(second[1]) is None
    assert (shared_key("c:1", *first) == shared_key("c:1", *second)) == (first == second)


@pytest.mark.parametrize("key", [("a", "k"), (object(), "a", "k"), 1, None, ["k"]])
def test_what_is_no_text_and_no_bytes_is_no_key(host: BareHost, key: Any) -> None:
    cache: Cache[int] = Cache(host, "c")
    cache.tenant("a").sync.set("k", 1)
    refused = (InputError, TypeError) if isinstance(key, list) else InputError
    with pytest.raises(refused):
        cache.sync.get(key)
    with pytest.raises(refused):
        cache.sync.set(key, 1)
    with pytest.raises(refused):
        cache.sync.load(key, lambda: 1)
    with pytest.raises(refused):
        asyncio.run(cache.get(key))
    assert len(cache.memory) == 1


def test_no_tenant_invalidates_by_any_tag_what_is_another_ones(host: BareHost) -> None:
    cache: Cache[int] = Cache(host, "c")
    for tenant in ("a", "b"):
        cache.tenant(tenant).sync.set("k", 1, tags=["t"])
    cache.sync.set("k", 1, tags=["t", "1:a:t"])
    cache.tenant("a").sync.invalidate("t")
    assert cache.tenant("a").sync.get("k") is None
    assert cache.tenant("b").sync.get("k") == 1
    assert cache.sync.get("k") == 1


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def shape(value: object) -> object:
    """What makes two arguments different: their values with their types."""
    if isinstance(value, list):
        return ("list", *map(shape, value))
    if isinstance(value, dict):
        return ("dict", *sorted((k, shape(v)) for k, v in value.items()))
    return (type(value).__name__, repr(value))


@given(first=PLAIN, second=PLAIN)
def test_calls_have_one_key_exactly_where_their_arguments_are_equal(first: object, second: object) -> None:
    same = repr(shape(first)) == repr(shape(second))
    assert (arguments_key((first,), {}) == arguments_key((second,), {})) == same
    assert (arguments_key((), {"a": first}) == arguments_key((), {"a": second})) == same
    assert arguments_key((first,), {}) != arguments_key((), {"a": first})


def test_a_cached_function_is_called_once_for_equal_arguments(host: BareHost) -> None:
    cache: Cache[str] = Cache(host, "c")
    calls: list[tuple[object, ...]] = []

    @cache
    def describe(name: str, *, size: int = 1) -> str:
        """Describe."""
        calls.append((name, size))
        return f"{name} {size}"

    @cache
    def other(name: str) -> str:
        return f"other {name}"

    @cache.by(key=lambda text: text.lower(), tags=lambda text: ["all"])
    async def ask(text: str) -> str:
        calls.append((text,))
        return f"answer to {text}"

    assert [describe("a"), describe("a"), describe("a", size=2), other("a")] == [
        "a 1",
        "a 1",
        "a 2",
        "other a",
    ]
    assert calls == [("a", 1), ("a", 2)]
    assert describe.__doc__ == "Describe."
    describe.forget("a")
    describe("a")
    assert len(calls) == 3

    assert inspect.iscoroutinefunction(ask)

    async def main() -> list[str]:
        found = [await ask("Why"), await ask("WHY")]
        await cache.invalidate("all")
        await ask.forget("none")
        return [*found, await ask("WHY")]

    assert asyncio.run(main()) == ["answer to Why", "answer to Why", "answer to WHY"]


def test_methods_are_cached_by_a_key_of_theirs(host: BareHost) -> None:
    cache: Cache[str] = Cache(host, "c")

    class Model:
        def __init__(self, name: str) -> None:
            self.name = name
            self.calls = 0

        @cache.by(key=lambda self, text: f"{self.name}:{text}")
        def answer(self, text: str) -> str:
            self.calls += 1
            return f"{self.name} says {text}"

    first, second = Model("a"), Model("b")
    assert [first.answer("x"), first.answer("x"), second.answer("x")] == ["a says x", "a says x", "b says x"]
    assert (first.calls, second.calls) == (1, 1)


def test_arguments_without_a_canonical_form_and_generators_are_refused_with_the_remedy(
    host: BareHost,
) -> None:
    cache: Cache[int] = Cache(host, "c")

    @cache
    def f(x: object) -> int:
        return 1

    with pytest.raises(InputError, match="`key` function"):
        f(object())

    def generates(n: int) -> Iterator[int]:
        yield n

    with pytest.raises(ConfigError, match="coroutine functions"):
        cache.by()(generates)


def test_a_cache_of_bytes_weighs_what_it_holds(host: BareHost) -> None:
    cache: Cache[str] = Cache(host, "c", bytes_max=10_000)
    for i in range(200):
        cache.sync.set(f"k{i}", "x" * 200)
    assert 9_000 <= cache.memory.weight <= 10_000
    cache.sync.set("large", "x" * 5_000)
    assert cache.sync.get("large") is None
    assert host.total("cache.too_large") == 1
    assert host.snapshot("cache.bytes").last <= 10_000

    own: Cache[list[int]] = Cache(host, "d", bytes_max=1_024, size_of=len)
    own.sync.set("k", [0] * 100)
    assert own.memory.weight == 100


def test_size_and_policy_are_knobs_that_hold_when_they_are_turned(host: BareHost) -> None:
    cache: Cache[int] = Cache(host, "profiles", entries_max=500)
    for i in range(500):
        cache.sync.set(f"k{i}", i)
    host.knob_set.pin("profiles_entries", 100)
    host.knob_set.pin("profiles_policy", "lru")
    for i in range(64):
        cache.sync.set(f"new{i}", i)
    assert len(cache.memory) <= 100
    assert cache.memory.policy == "lru"


def test_what_is_done_is_counted(host: BareHost) -> None:
    cache: Cache[int] = Cache(host, "c")
    cache.sync.get("k")
    cache.sync.set("k", 1)
    for _ in range(5):
        cache.sync.get("k")
    cache.sync.load("other", lambda: 2)
    cache.sync.close()
    assert host.total("cache.hits", cache="c", tier="memory") == 5
    assert host.total("cache.misses") == 2
    assert host.total("cache.loads") == 1
    assert host.snapshot("cache.load.duration").count == 1
    assert host.snapshot("cache.entries").last == 2
    assert host.snapshot("cache.bytes").count == 0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda h: Cache(h, "no name"), "'no name'"),
        (lambda h: Cache(h, "c", entries_max=1, bytes_max=2_000), "not by both"),
        (lambda h: Cache(h, "c", size_of=len), "needs bytes_max"),
        (lambda h: Cache(h, "c", lifetime="forever"), "profile, decision, template"),
        (lambda h: Cache(h, "c", lifetime=0), "ttl_s"),
        (lambda h: Cache(h, "c", policy="random"), "random"),
        (lambda h: Cache(h, "c", entries_max=0), "c_entries"),
        (lambda h: Cache(h, "c", memory_s=0), "memory_s"),
        (lambda h: Cache(h, "c").tenant(""), "non-empty"),
        (lambda h: tags_of("", "tag"), "'tag'"),
        (lambda h: lifetime_of(Lifetime(1, errors=(KeyError,))), "error_s"),
        (lambda h: lifetime_of(float("nan")), "nan"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(
    host: BareHost, make: Callable[[BareHost], object], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        make(host)


Operation = tuple[str, str, int]


@given(
    operations=st.lists(
        st.tuples(
            st.sampled_from(["set", "tagged", "get", "load", "delete", "invalidate", "wait"]),
            st.sampled_from("abc"),
            st.integers(1, 6),
        ),
        max_size=60,
    )
)
def test_tasks_and_threads_see_what_a_dict_with_expiry_would_have(operations: list[Operation]) -> None:
    clock = ManualClock()
    cache: Cache[int] = Cache(BareHost(clock), "c", lifetime=Lifetime(5, jitter=0))
    model: dict[str, tuple[int, float, bool]] = {}
    now_s = 0.0

    async def main() -> None:
        nonlocal now_s
        for step, (what, key, number) in enumerate(operations):
            live = key in model and now_s < model[key][1]
            threaded = number % 2
            if what in ("set", "tagged"):
                tags = ["t"] if what == "tagged" else []
                if threaded:
                    cache.sync.set(key, step, tags=tags)
                else:
                    await cache.set(key, step, tags=tags)
                model[key] = (step, now_s + 5, what == "tagged")
            elif what == "get":
                found = cache.sync.get(key) if threaded else await cache.get(key)
                assert found == (model[key][0] if live else None)
            elif what == "load":

                async def load(value: int = step) -> int:
                    return value

                made = cache.sync.load(key, partial(int, step)) if threaded else await cache.load(key, load)
                assert made == (model[key][0] if live else step)
                if not live:
                    model[key] = (step, now_s + 5, False)
            elif what == "delete":
                cache.sync.delete(key) if threaded else await cache.delete(key)
                model.pop(key, None)
            elif what == "invalidate":
                cache.sync.invalidate("t") if threaded else await cache.invalidate("t")
                for tagged in [k for k, v in model.items() if v[2]]:
                    del model[tagged]
            else:
                clock.advance(number)
                now_s += number

    asyncio.run(main())
