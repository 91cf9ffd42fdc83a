"""Histories: what the people of a load test said before it begins, written straight into the store."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.loadtest.habits import Habits, Turn
from homeostat.companion.loadtest.speakers import name_of
from homeostat.companion.message import NewMessage
from homeostat.companion.store.people import Memory, People
from homeostat.core.clock import DAY_NS, MINUTE_NS
from homeostat.core.embedder import Embedder
from homeostat.core.errors import UnknownPerson

BATCH = 256
TALK_TURNS = 20
DAY_US = DAY_NS // 1_000
MINUTE_US = MINUTE_NS // 1_000

Progress = Callable[[str, int, int], None]


class Remembering:
    """An embedder that computes each text's vector once: histories repeat the talks that they are made of."""

    def __init__(self, embedder: Embedder) -> None:
        self.model = embedder.model
        self.dimensions = embedder.dimensions
        self._embedder = embedder
        self._known: dict[str, NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text, shape (n, dimensions)."""
        fresh = list(dict.fromkeys(text for text in texts if text not in self._known))
        if fresh:
            self._known.update(zip(fresh, self._embedder.embed(fresh), strict=True))
        return np.stack([self._known[text] for text in texts])


def lay_down(
    people: People,
    habits: Habits,
    count: int,
    history: int,
    learn: Callable[[str], object],
    begin_us: int,
    progress: Progress = lambda what, done, total: None,
) -> int:
    """Give `count` people a history of `history` messages each, and return how many were written.

    `learn` is called for each, so that the load test begins with people who are known. Who has a history
    already keeps it.
    """
    written = 0
    for person in range(count):
        progress("laying down histories", person, count)
        if not history or _reaches(people, name_of(person)) >= history:
            continue
        turns = habits.histories[person % len(habits.histories)]
        with people.open(name_of(person), create=True) as memory:
            written += _write(memory, list(_messages(turns, history, begin_us)))
        learn(name_of(person))
    return written


def _reaches(people: People, name: str) -> int:
    try:
        with people.open(name) as memory:
            return memory.extent().last
    except UnknownPerson:
        return 0


def _write(memory: Memory, messages: Sequence[NewMessage]) -> int:
    last = memory.extent().last
    for begin in range(0, len(messages), BATCH):
        memory.messages.add(messages[begin : begin + BATCH])
    return memory.extent().last - last


def _messages(turns: Sequence[Turn], count: int, begin_us: int) -> Iterator[NewMessage]:
    """Yield the last `count` messages before a moment: a talk a day, a message a minute."""
    for number in range(count):
        turn = turns[number % len(turns)]
        talk, within = divmod(number, TALK_TURNS)
        days = (count - 1) // TALK_TURNS - talk + 1
        yield NewMessage(
            id=f"history-{number}",
            text=turn.text,
            author=turn.author,
            own=turn.own,
            talk=f"history-{talk}",
            at_us=begin_us - days * DAY_US + within * MINUTE_US,
        )
