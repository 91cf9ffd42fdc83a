"""A tier never holds more than it may, and keeps what is asked for more."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from homeostat.prompts.serving.popularity import KEYS_MAX, Popularity
from homeostat.prompts.serving.tier import SAMPLE, Tier

SCORES = st.dictionaries(st.integers(0, 30), st.floats(0, 10), min_size=31)


@given(
    st.integers(0, 100),
    SCORES,
    st.lists(
        st.tuples(st.sampled_from(["offer", "remove", "resize"]), st.integers(0, 30), st.integers(0, 120))
    ),
)
def test_it_never_holds_more_than_its_capacity_and_loses_nothing_silently(
    capacity: int, scores: dict[int, float], steps: list[tuple[str, int, int]]
) -> None:
    tier: Tier[int, tuple[int, int]] = Tier(capacity, lambda k: scores.get(k, 0.0), Random(1))
    held: dict[int, tuple[int, int]] = {}
    for what, key, size in steps:
        if what == "remove":
            assert tier.remove(key) == held.pop(key, None)
        elif what == "resize":
            for gone in tier.resize(size):
                del held[gone[0]]
        else:
            held.pop(key, None)
            gone_for_it = tier.offer(key, (key, size), size, scores.get(key, 0.0))
            if gone_for_it is not None:
                for gone in gone_for_it:
                    assert scores.get(gone[0], 0.0) < scores.get(key, 0.0)
                    del held[gone[0]]
                held[key] = (key, size)
        assert {k: tier.get(k) for k in range(31) if k in tier} == held
        assert tier.used_bytes == sum(size for _, size in held.values()) <= tier.capacity_bytes


def test_a_value_enters_only_where_it_is_worth_more_than_each_that_goes() -> None:
    scores = {"a": 1.0, "b": 3.0, "new": 2.0}
    tier: Tier[str, str] = Tier(20, scores.__getitem__, Random(1))
    assert tier.offer("a", "a", 10, 1.0) == []
    assert tier.offer("b", "b", 10, 3.0) == []
    assert tier.offer("new", "new", 20, 2.0) is None
    assert tier.offer("new", "new", 10, 2.0) == ["a"]
    assert tier.offer("large", "large", 21, 100.0) is None


def test_with_many_values_a_sample_finds_victims_that_are_worth_little() -> None:
    n = 50 * SAMPLE
    tier: Tier[int, int] = Tier(n, float, Random(1))
    for key in range(n):
        tier.offer(key, key, 1, key)
    gone = [tier.offer(n + i, n + i, 1, float(n)) for i in range(100)]
    victims = [v for g in gone if g is not None for v in g]
    assert len(victims) == 100
    assert sum(victims) / len(victims) < 0.1 * n


def test_a_large_value_finds_room_among_many_small_ones() -> None:
    n = 20 * SAMPLE
    tier: Tier[int, int] = Tier(n, lambda key: 1.0, Random(1))
    for key in range(n):
        tier.offer(key, key, 1, 1.0)
    gone = tier.offer(n, n, n // 2, 2.0)
    assert gone is not None
    assert len(gone) == n // 2
    assert len(set(gone)) == n // 2


def test_popularity_counts_bursts_and_the_long_run() -> None:
    popularity: Popularity[str] = Popularity()
    for _ in range(100):
        popularity.touch("steady")
        popularity.touch("other")
    for _ in range(3):
        popularity.touch("burst")
    assert popularity.score("burst") > popularity.score("never") == 0.0
    assert popularity.score("steady") > popularity.score("burst")
    for _ in range(5_000):
        popularity.touch("noise")
    assert popularity.score("steady") < 0.05 * popularity.score("noise")
    assert popularity.score("never", expected=0.5) == popularity.score("never", expected=1.0) / 2


def test_popularity_is_bounded_and_forgets_the_least_popular() -> None:
    popularity: Popularity[int] = Popularity()
    for key in range(KEYS_MAX):
        popularity.touch(key)
    popularity.touch(0)
    popularity.touch(KEYS_MAX)
    popularity.touch(KEYS_MAX + 1)
    assert popularity.score(0) > 0.0
    assert popularity.score(1) == 0.0
