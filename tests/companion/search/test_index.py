"""The index grows as the memory does, within its bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.message import Message
from homeostat.companion.search.index import LOOK_BACK, NAMES_MAX, Index
from homeostat.companion.search.word_column import Numbering
from homeostat.companion.store.people import EVERYTHING, Within

NUMBERING = Numbering()


def messages(talks: list[int], first: int = 1) -> list[Message]:
    return [
        Message(id=str(n), seq=n, text="hello", at_us=n, talk=str(talk), author=f"author{talk}")
        for n, talk in enumerate(talks, first)
    ]


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 20))
def test_the_turn_before_is_the_last_of_the_same_talk(talks: list[int], batch: int) -> None:
    index = Index(0, NUMBERING)
    kept = messages(talks)
    for begin in range(0, len(kept), batch):
        index.extend(kept[begin : begin + batch])
    expected = [
        max((p for p in range(place) if talks[p] == talk), default=-1) for place, talk in enumerate(talks)
    ]
    assert index.before.tolist() == expected
    assert index.seq.tolist() == [m.seq for m in kept]


@pytest.mark.parametrize(("between", "found"), [(LOOK_BACK - 1, 0), (LOOK_BACK, -1)])
def test_the_turn_before_is_looked_for_among_the_last_ones(between: int, found: int) -> None:
    talks = [1] + [2] * between + [1]
    whole, grown = Index(0, NUMBERING), Index(0, NUMBERING)
    whole.extend(messages(talks))
    for number, talk in enumerate(talks, 1):
        grown.extend(messages([talk], first=number))
    assert whole.before.tolist() == grown.before.tolist()
    assert whole.before[-1] == found


def test_places_are_those_of_the_seqs() -> None:
    index = Index(0, NUMBERING)
    index.extend(messages([1, 1]) + messages([1], first=9))
    places, here = index.places_of(np.array([1, 5, 9, 11]))
    assert here.tolist() == [True, False, True, False]
    assert places[here].tolist() == [0, 2]


def test_nothing_is_where_nothing_is() -> None:
    index = Index(0, NUMBERING)
    index.extend([])
    _, here = index.places_of(np.array([1], np.int64))
    assert not here.any()
    assert index.last == 0


def test_conditions_are_all_met() -> None:
    index = Index(0, NUMBERING)
    index.extend(messages([1, 2, 1, 2]))
    assert index.within(EVERYTHING) is None
    kept = index.within(Within(talk="1", begin_us=2))
    assert kept is not None
    assert kept.tolist() == [False, False, True, False]


def test_names_are_bounded() -> None:
    index = Index(0, NUMBERING)
    index.extend(messages(list(range(NAMES_MAX + 50))))
    assert len(index.names) == NAMES_MAX


def test_its_size_grows_by_what_a_message_takes() -> None:
    index = Index(0, NUMBERING)
    index.extend(messages([1] * 10_000))
    assert index.size_bytes <= 10_000 * 58
