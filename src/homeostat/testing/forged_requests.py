"""Forged requests: what somebody who may use one person's memory would try, to reach another's."""

import random
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from homeostat.companion.message import Message, NewMessage
from homeostat.companion.store.people import Memory, People, Within
from homeostat.core.errors import InputError, UnknownPerson

OWN, OTHER = "ann", "bob"
SECRET = "mandragora"  # noqa: S105 - a word that the other one alone says
MODEL = "model-1"
MESSAGES = 200
_FRAGMENTS = (
    "' OR '1'='1", "'; SELECT * FROM messages --", '" OR 1=1 --', "%", "*", "') OR (1=1", "\\", "../bob/",
    " OR true", "\u202e", "\u200b", ".db", "?", "NEAR(", "said:", "{}", "$1", "%(person)s",
)  # fmt: skip


def people_of(people: People) -> None:
    """Give both people a history; every word, id and name of the other one's holds the secret."""
    for name, word, value in ((OWN, "harmless", 1), (OTHER, SECRET, 77)):
        with people.open(name, create=True) as memory:
            memory.messages.add(
                [
                    NewMessage(
                        id=f"{word}-{n}", text=f"{word} number {n}", at_us=n * 10**9, talk=f"{word} {n % 9}",
                        author=word,
                    )
                    for n in range(MESSAGES if name == OTHER else MESSAGES // 2)
                ]
            )  # fmt: skip
            seqs = range(1, memory.extent().last + 1)
            memory.vectors.put("turn", MODEL, seqs, np.full((len(seqs), 8), value, np.int8))
            memory.vectors.put(word, word, seqs, np.full((len(seqs), 8), value, np.int8))
            memory.notes.put({"voice": word.encode(), word: word.encode()})


class Forger:
    """Holds one person's memory, and asks it for another's in every way that its calls allow."""

    def __init__(self, people: People, seed: int) -> None:
        self._people = people
        self._rng = random.Random(seed)  # noqa: S311 - repeatable
        self._reads: tuple[Callable[[Memory], bool], ...] = (
            self._by_id, self._by_seq, self._after, self._match, self._load, self._get, self._pauses,
            self._told,
        )  # fmt: skip
        self._writes: tuple[Callable[[Memory], bool], ...] = (self._edit, self._remove, self._add, self._put)

    def forge(self, count: int, writes: float = 0.05) -> int:
        """Make so many requests, a share of them writing; return how many reached the other person."""
        reached = asked = 0
        while asked < count:
            some = min(50, count - asked)
            with self._people.open(OWN) as memory:
                for _ in range(some - 1):
                    kinds = self._writes if self._rng.random() < writes else self._reads
                    reached += self._rng.choice(kinds)(memory)
            reached += self._opens()
            asked += some
        return reached

    def _forged(self, text: str) -> str:
        """Return a name of the other one's, as it is or with something about it."""
        if self._rng.random() < 0.5:
            return text
        fragment = self._rng.choice(_FRAGMENTS)
        return self._rng.choice((text + fragment, fragment + text, fragment))

    def _id(self) -> str:
        return self._forged(f"{SECRET}-{self._rng.randrange(MESSAGES)}")

    def _within(self) -> Within:
        talk, author = self._forged(f"{SECRET} {self._rng.randrange(9)}"), self._forged(SECRET)
        return self._rng.choice((Within(talk=talk), Within(author=author), Within(talk=talk, author=author)))

    def _opens(self) -> bool:
        """Open a person under a name that is nobody's."""
        name = self._rng.choice((OTHER, OWN)) + self._rng.choice((*_FRAGMENTS, " ", "\0", "B", "\n"))
        with suppress(UnknownPerson, InputError), self._people.open(name):
            return True
        return False

    def _by_id(self, memory: Memory) -> bool:
        return bool(memory.reading.by_id([self._id() for _ in range(3)]))

    def _by_seq(self, memory: Memory) -> bool:
        seqs = [self._rng.choice((self._rng.randrange(-5, 2 * MESSAGES), 1 << 62, -1)) for _ in range(5)]
        return _others(memory.reading.by_seq(seqs))

    def _after(self, memory: Memory) -> bool:
        seq = self._rng.randrange(-5, MESSAGES)
        if self._rng.random() < 0.5:
            return _others(memory.reading.after(seq, 20))
        return bool(memory.reading.after(seq, 20, self._within()))

    def _match(self, memory: Memory) -> bool:
        words = [self._forged(SECRET), self._rng.choice(_FRAGMENTS)]
        if self._rng.random() < 0.5:
            return bool(len(memory.lexical.match(["number"], 20, self._within())[0]))
        return _others(memory.reading.by_seq(memory.lexical.match(words, 20)[0].tolist()))

    def _load(self, memory: Memory) -> bool:
        kind, model = self._forged(SECRET), self._forged(SECRET)
        found = [memory.vectors.load(kind, model, -1), memory.vectors.load("turn", MODEL, MESSAGES // 2)]
        return any(len(seqs) > 0 for seqs, _ in found)

    def _get(self, memory: Memory) -> bool:
        return memory.notes.get(self._forged(SECRET)) is not None or memory.notes.get("voice") != b"harmless"

    def _pauses(self, memory: Memory) -> bool:
        return bool(memory.pauses.longest(5, within=self._within()))

    def _told(self, memory: Memory) -> bool:
        return memory.extent().count > MESSAGES // 2

    def _edit(self, memory: Memory) -> bool:
        return memory.messages.edit(self._id(), "taken over", 5) is not None

    def _remove(self, memory: Memory) -> bool:
        return memory.messages.remove([self._id() for _ in range(3)]) > 0

    def _add(self, memory: Memory) -> bool:
        """Say something under an id of the other one's: that is an id of one's own, and nobody else's."""
        id = f"{SECRET}-{self._rng.randrange(MESSAGES)}"
        try:
            (seq,) = memory.messages.add([NewMessage(id=id, text="mine", at_us=1)])
        except InputError:  # it would tell that the id is known
            return True
        kept = memory.reading.by_seq([seq])
        return _others(kept) or kept[0].text != "mine" or memory.messages.remove([id]) != 1

    def _put(self, memory: Memory) -> bool:
        """Put a row where the other one may have theirs, and oneself has no message."""
        seq = memory.extent().last + 1 + self._rng.randrange(MESSAGES)
        memory.vectors.put("turn", MODEL, [seq], np.full((1, 8), 5, np.int8))
        return len(memory.vectors.load("turn", MODEL, seq - 1)[0]) > 0


def harm(people: People) -> list[str]:
    """Return what of the other person's memory is not as it was made."""
    with people.open(OTHER) as memory:
        texts = [message.text for message in memory.reading.after(0, 2 * MESSAGES)]
        rows = memory.vectors.load("turn", MODEL)[1]
        return [
            what
            for what, whole in (
                ("messages", texts == [f"{SECRET} number {n}" for n in range(MESSAGES)]),
                ("vectors", rows.shape == (MESSAGES, 8) and bool((rows == 77).all())),
                ("notes", memory.notes.get("voice") == SECRET.encode()),
                ("words", len(memory.lexical.match([SECRET], 2 * MESSAGES)[0]) == MESSAGES),
            )
            if not whole
        ]


def _others(messages: list[Message]) -> bool:
    return any(SECRET in message.text or message.author == SECRET for message in messages)
