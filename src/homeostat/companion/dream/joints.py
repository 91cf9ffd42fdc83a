"""Joints: what memories have in common, by which one leads to another: people, themes and feelings."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import log

from homeostat.companion.message import Message
from homeostat.companion.names import words_of
from homeostat.companion.store.telling import COMMON
from homeostat.evaluate.emotion.affect import affect_of

CHARS_MAX = 2_000
COMMON_SHARE = 0.25
"""A word that more of the memories hold joins none of them."""

FELT_LEAST = 0.45
"""The valence from which on a memory has a feeling that it can share."""

ENGLISH_LEAST = 0.2
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_DULL = frozenset(
    """
    really thing things something anything everything someone anyone lot lots bit kind way time day days
    today yesterday tomorrow week month year last next always never still even also maybe sure yeah okay
    hey hello thanks thank great good nice cool awesome know think want like love need make made take took
    come came look looking see seen saw tell told talk keep kept feel felt let lets help new old much many
    people guys glad happy hope hoping definitely actually pretty first one two three number wow haha
    here there going gonna im ive id its thats dont didnt cant isnt wasnt doesnt youre theyre were theres
    """.split()  # noqa: SIM905 - a list of literals takes a line a word
)
"""Words that are in too many talks to be what two of them share."""


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """A message as a dream sees it: its words in folded case, who is named in it, and how it feels.

    `feeling` is its valence, above 0 where it is glad, below where it is troubled, 0 where it is neither.
    """

    message: Message
    words: frozenset[str]
    names: Mapping[str, str]
    feeling: float
    english: bool

    @property
    def seq(self) -> int:
        """The message's."""
        return self.message.seq


def remembered(message: Message) -> Remembered:
    """Return what a dream sees of a message."""
    text = message.text[:CHARS_MAX]
    felt = affect_of(text)
    found = [(match.group(), match.start()) for match in _WORD.finditer(text)]
    folded = [word.casefold().replace("’", "'") for word, _ in found]
    plain = [word.removesuffix("'s") for word in folded]
    known = sum(word.replace("'", "") in COMMON or word in COMMON or word in _DULL for word in plain)
    names = {
        bare: word.removesuffix("'s").removesuffix("’s")
        for (word, at), bare in zip(found, plain, strict=True)
        if word[0].isupper() and word[1:].islower() and not _begins(text, at) and _tells(bare)
    }
    return Remembered(
        message,
        frozenset(word for word in plain if _tells(word)),
        names,
        felt.valence if abs(felt.valence) >= FELT_LEAST else 0.0,
        known >= ENGLISH_LEAST * max(len(folded), 1),
    )


def _tells(word: str) -> bool:
    return len(word) > 2 and word not in COMMON and word not in _DULL and word.split("'")[0] not in COMMON


def _begins(text: str, at: int) -> bool:
    """Tell whether a sentence begins here: a capital says nothing then."""
    before = text[:at].rstrip(" \"'“‘(*_-")
    return not before or before[-1] in ".!?…:\n"


class Joints:
    """The joints of some memories: the weight of a word is the higher the fewer of them hold it."""

    def __init__(self, memories: Sequence[Remembered]) -> None:
        counts = Counter(word for memory in memories for word in memory.words)
        most = max(COMMON_SHARE * len(memories), 2)
        self.weight = {
            word: log(1 + len(memories) / count) for word, count in counts.items() if 1 < count <= most
        }
        self.names: dict[str, str] = {}
        for memory in memories:
            self.names.update(memory.names)
        for memory in memories:
            for word in words_of(memory.message.author):
                self.names.setdefault(word, word.capitalize())

    def shared(self, a: Remembered, b: Remembered) -> list[str]:
        """Return the words by which one leads to the other, the most telling first."""
        both = [word for word in a.words & b.words if word in self.weight]
        return sorted(both, key=lambda word: (-self.weight[word] - (word in self.names), word))

    def nearness(self, a: Remembered, b: Remembered) -> float:
        """Return how much leads from one to the other, 0 for nothing."""
        words = sum(self.weight[word] for word in a.words & b.words if word in self.weight)
        feelings = 0.5 if a.feeling * b.feeling > 0 else 0.0
        return words + feelings


def holds(memory: Remembered, words: Collection[str]) -> bool:
    """Tell whether a memory holds one of some words or phrases, or is by somebody of that name."""
    if not words:
        return False
    text = f" {' '.join(_WORD.findall(memory.message.text[:CHARS_MAX].casefold()))} "
    author = memory.message.author.casefold()
    for word in words:
        bare = " ".join(_WORD.findall(word.casefold()))
        if bare and (f" {bare}" in text or bare == author):
            return True
    return False
