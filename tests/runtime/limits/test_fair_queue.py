"""The fair queue: urgent first, keys by turns, and whoever takes most gives way."""

from hypothesis import given
from hypothesis import strategies as st

from homeostat.runtime.limits.fair_queue import FairQueue, Place, Priority

BACKGROUND, NORMAL, CRITICAL = Priority


def queue(*places: tuple[Priority, str]) -> tuple[FairQueue[Place], list[Place]]:
    made = FairQueue[Place]()
    pushed = [Place(priority, key) for priority, key in places]
    for place in pushed:
        made.push(place, 0)
    return made, pushed


def order(of: FairQueue[Place]) -> list[Place]:
    found = []
    while (place := of.pop()) is not None:
        found.append(place)
    return found


def test_keys_take_turns_however_many_places_one_of_them_has() -> None:
    made, places = queue(*[(NORMAL, "greedy")] * 4, (NORMAL, "modest"), (NORMAL, "shy"))
    assert [place.key for place in order(made)[:3]] == ["greedy", "modest", "shy"]
    assert len(places) == 6


def test_the_newest_of_the_key_with_most_places_gives_way_to_another_key_and_not_to_its_own() -> None:
    made, places = queue(*[(NORMAL, "greedy")] * 4, (NORMAL, "modest"))
    assert made.displaced_by(NORMAL, "modest") is places[3]
    assert made.displaced_by(NORMAL, "new") is places[3]
    assert made.displaced_by(NORMAL, "greedy") is None


def test_the_least_urgent_gives_way_first_and_never_to_something_less_urgent() -> None:
    made, places = queue((CRITICAL, "a"), (NORMAL, "a"), (BACKGROUND, "b"))
    assert made.displaced_by(CRITICAL, "a") is places[2]
    made.remove(places[2])
    assert made.displaced_by(BACKGROUND, "new") is None
    assert made.displaced_by(NORMAL, "new") is None


def test_a_key_waits_since_it_last_had_no_places() -> None:
    made, first, second = FairQueue[Place](), Place(NORMAL, "a"), Place(NORMAL, "a")
    assert made.since_ns(NORMAL, "a") is None
    made.push(first, 5)
    made.push(second, 8)
    made.pop()
    assert made.since_ns(NORMAL, "a") == 5
    assert made.since_ns(CRITICAL, "a") is None
    made.pop()
    made.push(first, 9)
    assert made.since_ns(NORMAL, "a") == 9


PLACES = st.lists(st.tuples(st.sampled_from(Priority), st.sampled_from("abc")), max_size=40)


@given(PLACES, st.sets(st.integers(0, 39)))
def test_places_leave_by_priority_and_within_a_key_in_order_of_arrival(
    wanted: list[tuple[Priority, str]], removed: set[int]
) -> None:
    made, places = queue(*wanted)
    gone = [places[i] for i in sorted(removed) if i < len(places)]
    assert all(made.remove(place) for place in gone)
    assert not any(made.remove(place) for place in gone)
    kept = [place for place in places if place not in gone]
    assert len(made) == len(kept)
    left = order(made)
    assert [p.priority for p in left] == sorted((p.priority for p in kept), reverse=True)
    for priority in Priority:
        for key in "abc":
            own = [p for p in kept if (p.priority, p.key) == (priority, key)]
            assert [p for p in left if (p.priority, p.key) == (priority, key)] == own
    assert len(made) == 0


@given(PLACES, st.sampled_from(Priority), st.sampled_from("abcd"))
def test_never_more_go_before_a_new_place_than_it_is_told(
    wanted: list[tuple[Priority, str]], priority: Priority, key: str
) -> None:
    made, _ = queue(*wanted)
    told, new = made.ahead_of(priority, key), Place(priority, key)
    made.push(new, 0)
    assert order(made).index(new) <= told
