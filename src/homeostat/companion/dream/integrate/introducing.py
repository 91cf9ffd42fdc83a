"""Introducing: what a memory is the first to say in its talk, and how much it tells by that.

Who tells of something names it; who goes on about it says the same words again, thanks, praises or asks. In
a dream each memory is noted by what it introduces, so that a question for several things finds the memory
that tells of each, and not all that was said around one.
"""

import math
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from homeostat.companion.dream.integrate.kinds import stem, told
from homeostat.companion.message import Message
from homeostat.companion.search.when import speaks_of_time
from homeostat.companion.store.telling import COMMON

LOOK_BACK = 64
"""Messages before one, of which those of its talk have said what it does not introduce."""

TEXT_CHARS_MAX = 4_096

NEW, DATED, ANSWERS, YOU = 0.75, 1.4, 0.55, -9.0
"""What counts, by a logistic regression of what answers LoCoMo's questions, on two talks (decision 0085)."""

_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"[^.!?？؟\n]+[.!?？؟]*")
_QUESTION = re.compile(r"[?？؟]")
_TO_YOU = frozenset({"you", "your", "yours"})


@dataclass(frozen=True, slots=True)
class Introduction:
    """The kinds of things that a memory is the first in its talk to name, a bit each, and how much it tells.

    It tells more the more words it states that were not said before, where it speaks of a time and where a
    question came before it; less the more of its words are *you* (English).
    """

    kinds: int
    tells: float


@dataclass(frozen=True, slots=True)
class _Said:
    seq: int
    talk: str
    stems: frozenset[str]
    asks: bool


def introductions(before: Sequence[Message], messages: Sequence[Message]) -> Iterator[Introduction]:
    """Tell what each of some messages introduces; `before` are the `LOOK_BACK` seqs before the first."""
    recent: deque[_Said] = deque()
    for message in (*before, *messages):
        while recent and recent[0].seq < message.seq - LOOK_BACK:
            recent.popleft()
        text = message.text[:TEXT_CHARS_MAX]
        talk = [said for said in recent if said.talk == message.talk]
        if message.seq >= messages[0].seq:
            yield _introduced(text, talk)
        recent.append(_Said(message.seq, message.talk, frozenset(_stems(text)), bool(_QUESTION.search(text))))


def _introduced(text: str, talk: Sequence[_Said]) -> Introduction:
    known: frozenset[str] = frozenset().union(*(said.stems for said in talk))
    stated = " ".join(said for said in _SENTENCE.findall(text) if not _QUESTION.search(said))
    new = {root: telling for root, telling in _stems(stated).items() if root not in known}
    words = _WORD.findall(text.casefold())
    tells = NEW * math.log1p(sum(new.values()))
    tells += DATED * speaks_of_time(text) + ANSWERS * (bool(talk) and talk[-1].asks)
    tells += YOU * sum(word in _TO_YOU for word in words) / max(len(words), 1)
    return Introduction(told(new), tells)


def _stems(text: str) -> dict[str, bool]:
    """Return the stems of a text, and which of them tell something."""
    return {stem(word): word not in COMMON for word in _WORD.findall(text.casefold())}
