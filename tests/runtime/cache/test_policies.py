"""Policies: within their bound, each entry in exactly one place, and what each is for."""

from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.runtime.cache.entry import Entry
from homeostat.runtime.cache.policies.choice import POLICIES
from homeostat.runtime.cache.policies.handover import Handover
from homeostat.runtime.cache.policies.lru import Lru
from homeostat.runtime.cache.policies.policy import Policy

OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["access", "access", "access", "remove"]), st.integers(0, 30), st.integers(1, 3)
    ),
    max_size=200,
)


def access(policy: Policy, there: dict[str, Entry], key: str, weight: int = 1) -> bool:
    found = there.get(key)
    if found is not None:
        policy.touch([found])
        return True
    entry = there[key] = Entry(key, None, weight=weight)
    for gone in policy.add(entry):
        assert isinstance(gone.key, str)
        del there[gone.key]
    return False


@pytest.mark.parametrize("name", POLICIES)
@given(operations=OPERATIONS, capacity=st.integers(4, 20))
def test_what_a_policy_holds_is_what_it_was_given_less_what_it_let_go_and_within_its_room(
    name: str, operations: list[tuple[str, int, int]], capacity: int
) -> None:
    policy, there = POLICIES[name](capacity), dict[str, Entry]()
    for what, number, weight in operations:
        key = f"k{number}"
        if what == "access":
            access(policy, there, key, weight)
        elif key in there:
            policy.remove(there.pop(key))
        held = list(policy)
        assert {entry.key for entry in held} == set(there)
        assert len(held) == len(there)
        assert sum(entry.weight for entry in held) <= capacity


@pytest.mark.parametrize("after", POLICIES)
@pytest.mark.parametrize("before", POLICIES)
@settings(max_examples=15)
@given(operations=OPERATIONS, capacity=st.integers(4, 60), smaller=st.integers(1, 60), at=st.integers(0, 60))
def test_a_handover_loses_nothing_that_has_room_and_ends(
    before: str, after: str, operations: list[tuple[str, int, int]], capacity: int, smaller: int, at: int
) -> None:
    policy: Policy = POLICIES[before](capacity)
    there = dict[str, Entry]()
    for step, (what, number, weight) in enumerate(operations):
        if step == at:
            capacity = min(capacity, max(smaller, 4))
            weights = sum(entry.weight for entry in there.values())
            handover = Handover(policy, POLICIES[after](capacity), 1, capacity, weights)
            for gone in handover.make_room():
                assert isinstance(gone.key, str)
                del there[gone.key]
            policy = handover
        key = f"k{number}"
        if what == "access":
            access(policy, there, key, weight)
        elif key in there:
            policy.remove(there.pop(key))
        held = list(policy)
        assert {entry.key for entry in held} == set(there)
        assert len(held) == len(there)
        assert sum(entry.weight for entry in held) <= capacity
    if isinstance(policy, Handover):
        access(policy, there, "one more")
        assert policy.is_done
        assert {entry.key for entry in policy.new} == set(there)


@pytest.mark.parametrize("name", POLICIES)
def test_a_hit_of_what_is_gone_changes_nothing(name: str) -> None:
    policy, there = POLICIES[name](4), dict[str, Entry]()
    for number in range(50):
        access(policy, there, f"k{number}")
    gone = Entry("gone", None)
    policy.touch([gone, gone])
    assert {entry.key for entry in policy} == set(there)


@given(keys=st.lists(st.integers(0, 12), max_size=150), capacity=st.integers(1, 8))
def test_lru_lets_go_what_was_not_asked_for_the_longest(keys: list[int], capacity: int) -> None:
    policy, there = Lru(capacity), dict[str, Entry]()
    oracle: OrderedDict[int, None] = OrderedDict()
    for key in keys:
        assert access(policy, there, f"k{key}") == (key in oracle)
        oracle[key] = None
        oracle.move_to_end(key)
        if len(oracle) > capacity:
            oracle.popitem(last=False)


@pytest.mark.parametrize("name", ["s3fifo", "s3fifo_wide", "tinylfu"])
def test_a_scan_does_not_push_out_what_is_asked_for_often(name: str) -> None:
    policy, there = POLICIES[name](100), dict[str, Entry]()
    often = [f"often{i}" for i in range(30)]
    for _ in range(20):
        for key in often:
            access(policy, there, key)
    for number in range(1_000):
        access(policy, there, f"once{number}")
    kept = sum(key in there for key in often)
    lru, there_too = Lru(100), dict[str, Entry]()
    for key in often:
        access(lru, there_too, key)
    for number in range(1_000):
        access(lru, there_too, f"once{number}")
    assert kept >= 25
    assert not any(key in there_too for key in often)
