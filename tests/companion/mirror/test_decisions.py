"""Decisions are learned one by one, followed when they change, and not claimed where they are not known."""

import random
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.companion.mirror.decisions.decisions import Context, Decisions, decode, seen
from homeostat.companion.mirror.decisions.tree import Node, learn, opinion
from homeostat.core.errors import InputError

HOUR_US = 3_600_000_000


def days(count: int, seed: int, *, turned: bool) -> Iterator[tuple[Context, str]]:
    """Give contexts and choices of somebody made up: rain keeps them at home, or, turned, drives them out."""
    rng = random.Random(seed)
    for _ in range(count):
        context = {"rain": rng.random() < 0.4, "hungry": rng.random() < 0.5, "cost": rng.choice([5.0, 80.0])}
        inside = context["rain"] != turned
        yield context, "stay" if inside else ("eat" if context["hungry"] else "walk")


def taught(count: int, *, turned: bool = False) -> Decisions:
    found = Decisions()
    for at, (context, choice) in enumerate(days(count, 1, turned=turned)):
        found.learn(context, choice, at * 7 * HOUR_US)
    return found


def right(decisions: Decisions, *, turned: bool) -> float:
    asked = list(days(200, 2, turned=turned))
    return sum(decisions.foretell(context, 0).choice == choice for context, choice in asked) / len(asked)


def test_a_rule_is_learned() -> None:
    assert right(taught(300), turned=False) >= 0.95


def test_a_rule_that_changed_is_learned_anew() -> None:
    found = taught(300)
    assert right(found, turned=True) <= 0.1
    for context, choice in days(300, 3, turned=True):
        found.learn(context, choice, 0)
    assert right(found, turned=True) >= 0.8


def test_choices_without_a_rule_are_not_claimed() -> None:
    rng, found = random.Random(5), Decisions()
    claimed = 0
    for _ in range(400):
        context: Context = {"who": rng.choice(["ann", "bob"]), "rain": rng.random() < 0.5}
        claimed += found.foretell(context, 0).choice is not None
        found.learn(context, rng.choice(["a", "b", "c", "d"]), 0)
    assert claimed <= 20


def test_nothing_is_known_before_the_first_decisions() -> None:
    found = Decisions()
    assert found.foretell({}, 0).choice is None
    found.learn({"rain": True}, "stay", 0)
    first = found.foretell({"rain": True}, 0)
    assert first.choice is None
    assert first.probabilities.keys() == {"stay"}


def test_a_value_never_seen_is_answered_from_what_is_common() -> None:
    found = taught(300).foretell({"rain": "hail", "hungry": True, "cost": 5.0}, 0)
    assert 0.0 < found.probability < 0.9


def test_the_part_of_the_day_is_the_person_s_own() -> None:
    assert seen({}, 20 * HOUR_US, 0)["part of day"] == "evening"
    assert seen({}, 20 * HOUR_US, 300)["part of day"] == "night"


def test_decisions_by_the_hour_are_learned() -> None:
    found = Decisions()
    for at in range(200):
        found.learn({}, "coffee" if at % 24 < 12 else "tea", at * HOUR_US)
    assert found.foretell({}, 8 * HOUR_US).choice == "coffee"
    assert found.foretell({}, 15 * HOUR_US).choice == "tea"


@pytest.mark.parametrize(
    ("context", "choice"),
    [
        ({}, ""),
        ({}, "x" * 101),
        ({"": "a"}, "x"),
        ({"a": "x" * 101}, "x"),
        ({"a": float("nan")}, "x"),
        ({f"a{n}": "x" for n in range(33)}, "x"),
    ],
)
def test_what_cannot_be_used_is_refused_without_its_text(context: Context, choice: str) -> None:
    with pytest.raises(InputError) as refused:
        Decisions().learn(context, choice, 0)
    assert "xxxx" not in str(refused.value)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("pq"), st.sampled_from("xyz")), max_size=60)
)
def test_probabilities_never_add_up_to_more_than_one(rows: list[tuple[str, str, str]]) -> None:
    root = Node()
    for one, other, choice in rows:
        learn(root, {"one": one, "other": other}, choice)
        shares, weight = opinion(root, {"one": one, "other": other})
        assert 0.0 < sum(shares.values()) <= 1.0 + 1e-9
        assert weight >= 0.0


def test_what_is_kept_stays_small_whatever_comes() -> None:
    rng, found = random.Random(7), Decisions()
    for at in range(2_000):
        context = {f"a{n}": f"v{rng.randrange(1_000)}" for n in range(8)}
        found.learn(context, f"c{rng.randrange(100)}", at)
    assert len(msgspec.msgpack.encode(found)) < 1_000_000


def test_a_note_of_another_version_is_begun_anew() -> None:
    assert decode(b"\x00").count == 0
    assert decode(msgspec.msgpack.encode({"version": 99, "count": 5})).count == 0
    assert decode(msgspec.msgpack.encode(taught(10))).count == 10
