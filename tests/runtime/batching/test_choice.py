"""Which of those that wait make the next batch."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from homeostat.runtime.batching.choice import Choice, Waiting, choose, size_of

MS = 1_000_000


def waiting(*deadlines_ms: float, lengths: tuple[float, ...] = ()) -> list[Waiting]:
    lengths = lengths or (1.0,) * len(deadlines_ms)
    return sorted(
        Waiting(deadline * MS, number, 0, deadline * MS, length)
        for number, (deadline, length) in enumerate(zip(deadlines_ms, lengths, strict=True))
    )


def took(size: float) -> float:
    return (20 + 0.5 * size) * MS


def chosen(queue: list[Waiting], now_ms: int = 0, most: int = 4, idle: bool = False) -> Choice[Waiting]:
    return choose(queue, now_ms * MS, most, took, idle)


def test_those_whose_turn_it_is_go_and_the_rest_wait() -> None:
    found = chosen(waiting(*[100.0] * 6))
    assert [one.number for one in found.batch] == [0, 1, 2, 3]
    assert found.shed == ()


def test_who_cannot_be_answered_in_time_is_shed_and_does_not_shrink_the_batch() -> None:
    found = chosen(waiting(21.0, 21.9, 22.1, 90.0, 90.0, 90.0))
    assert [one.number for one in found.shed] == [0, 1]
    assert [one.number for one in found.batch] == [2, 3, 4, 5]


def test_the_last_batch_is_tried_although_it_seems_to_come_too_late() -> None:
    late = waiting(5.0, 6.0)
    assert chosen(late).batch == ()
    found = chosen(late, idle=True)
    assert len(found.batch) == 2
    assert chosen(waiting(5.0, 60.0), now_ms=50, idle=True).shed[0].deadline_ns == 5 * MS


def test_items_of_like_length_go_together_with_the_first() -> None:
    queue = waiting(50, 60, 60, 60, 60, 60, lengths=(10, 90, 11, 12, 95, 9))
    assert sorted(one.length for one in chosen(queue).batch) == [9, 10, 11, 12]
    queue = waiting(500, 600, 600, 600, 600, 600, lengths=(90, 10, 11, 12, 95, 9))
    assert sorted(one.length for one in chosen(queue).batch) == [10, 11, 12, 90]


@given(
    st.lists(st.tuples(st.floats(0, 200) | st.just(inf), st.sampled_from((1.0, 3.0, 50.0))), max_size=40),
    st.integers(1, 8),
    st.integers(0, 150),
    st.booleans(),
)
def test_each_is_served_shed_or_left_and_nobody_is_served_too_late(
    rows: list[tuple[float, float]], most: int, now_ms: int, idle: bool
) -> None:
    queue = waiting(*(row[0] for row in rows), lengths=tuple(row[1] for row in rows))
    found = chosen(queue, now_ms, most, idle)
    numbers = [one.number for one in (*found.batch, *found.shed)]
    assert len(set(numbers)) == len(numbers) <= len(queue)
    assert len(found.batch) <= most
    assert bool(found.batch) or len(found.shed) == len(queue)
    end_ns = now_ms * MS + took(size_of(found.batch))
    if not idle:
        assert all(one.deadline_ns >= end_ns for one in found.batch)
    if found.batch and any(one.deadline_ns >= now_ms * MS for one in found.shed):
        assert all(one.due_ns <= min(b.due_ns for b in found.batch) for one in found.shed)
