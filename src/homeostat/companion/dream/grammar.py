"""The grammar: sentences around a person's own words, each of which says only what its messages hold.

Between memories that are not in English it says nothing: a day and the words, no more.
"""

import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from homeostat.companion.dream.derived import Relation, Resolution
from homeostat.companion.dream.joints import Remembered
from homeostat.companion.dream.scene import Claim, Shape
from homeostat.companion.message import Message

QUOTE_WORDS_MAX = 40
QUOTE_WORDS_MIN = 8
QUOTE_CHARS_MAX = 400
"""Of scripts without spaces, where words are not counted."""

MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)

_PLANNED = re.compile(
    r"\b(?:i|we)(?:['’]ll| will| plan to| intend to| promise to"
    r"|(?:['’]m|['’]re| am| are) (?:gonna|going to|planning to))\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?…\n]+(?:[.!?…]+|\n|$)")
_SPACE = re.compile(r"\s+")
_MARKS = str.maketrans("“”", "‘’")

_OPENINGS = ("It is {month}.", "You are back in {month}.", "{month}, and it is as if it were now.")
_LEAPS = ("Then {month}.", "All at once it is {month}.", "And already it is {month}.")
_RETURNS = ("And it is {month} again, where it began.", "The way leads back to {month}.")
_YOU_SAY = ("You say:", "Your own words come back:", "You hear yourself say:")
_YOU_ASK = ("You ask:", "Your question comes back:", "You hear yourself ask:")
_SAYS, _ASKS = "{who} says:", "{who} asks:"
_WORD_JOINTS = (
    "“{word}” is the door from the one to the other.",
    "Both have “{word}” in them.",
    "Through “{word}” the one turns into the other.",
)
_NAME_JOINTS = (
    "{word} is in both.",
    "{word} is there as well.",
    "{word} leads from the one to the other.",
)
_GLAD_JOINTS = ("The same gladness is in both.", "It is as bright as before.")
_TROUBLED_JOINTS = ("The same weight is in both.", "It is as heavy as before.")
_CHANGED = ("Once it was “{held}”, later “{holds}”.", "First “{held}”, and then “{holds}”.")
_NO_MORE = ("Once “{holds}” was liked, later not.", "“{holds}” was dear once, and no longer.")
_BY_NOW = ("Once “{holds}” was not liked, later it was.", "“{holds}” is dear now, and was not before.")
_OPEN_ASKED = ("No answer came.", "The question stays in the air.")
_OPEN_PLANNED = ("It was still to come.", "That was the plan.")


def quoted(memory: Remembered, wanted: Sequence[str], compression: float) -> str:
    """Return the piece of a memory that is told: whole sentences, those with the `wanted` words first.

    `compression` from 0 to 1 leaves 40 words down to 8. It is a piece of the text as it stands there.
    """
    words_max = round(QUOTE_WORDS_MAX - compression * (QUOTE_WORDS_MAX - QUOTE_WORDS_MIN))
    text = memory.message.text
    pieces = [m.span() for m in _SENTENCE.finditer(text[:20_000]) if m.group().strip(" .!?…\n")]
    if not pieces:
        return text.strip()[:QUOTE_CHARS_MAX]

    def telling(span: tuple[int, int]) -> tuple[int, int]:
        said = text[span[0] : span[1]].casefold()
        return sum(word in said for word in wanted), min(len(said.split()), words_max)

    begin = max(range(len(pieces)), key=lambda at: telling(pieces[at]))
    start, end = pieces[begin]
    for _, further in pieces[begin + 1 :]:
        if len(text[start:further].split()) > words_max or further - start > QUOTE_CHARS_MAX:
            break
        end = further
    said = text[start:end].strip()
    words = list(re.finditer(r"\S+", said))
    if len(words) > words_max:
        said = said[: words[words_max - 1].end()]
    return said[:QUOTE_CHARS_MAX].strip()


def shown(quote: str) -> str:
    """Return a quote as it stands between marks of its own: on one line, with single marks inside.

    >>> shown("so\\n“he” said")
    'so ‘he’ said'
    """
    return _SPACE.sub(" ", quote).translate(_MARKS)


def day_of(message: Message) -> datetime:
    """Return when a message was said, by the clock of whoever said it."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + timedelta(microseconds=message.at_us, minutes=message.offset_min)


def month_of(message: Message) -> str:
    """Return the month of a message, in words."""
    day = day_of(message)
    return f"{MONTHS[day.month - 1]} {day.year}"


class Grammar:
    """Makes claims. Chance chooses among sentences that say the same."""

    def __init__(self, rng: random.Random, compression: float) -> None:
        self._rng = rng
        self._compression = compression

    def opening(self, memory: Remembered, shape: Shape, *, begins: bool, last: bool) -> Claim:
        """Say when it is."""
        month = month_of(memory.message)
        if not memory.english:
            return Claim(text=f"{day_of(memory.message):%Y-%m}:", sources=(memory.seq,))
        forms: tuple[str, ...] = _OPENINGS
        if shape is Shape.CIRCULAR and last:
            forms = _RETURNS
        elif not begins:
            forms = _LEAPS
        text = self._rng.choice(forms).format(month=month)
        return Claim(text=text, sources=(memory.seq,), about=(month,))

    def said(self, memory: Remembered, wanted: Sequence[str] = ()) -> Claim:
        """Say what was said, and by whom."""
        message = memory.message
        quote = quoted(memory, wanted, self._compression)
        marked = f"“{shown(quote)}”"
        about: tuple[str, ...] = ()
        if not memory.english:
            text = f"{message.author}: {marked}" if message.author and not message.own else marked
        elif message.own:
            asks = quote.endswith("?")
            text = f"{self._rng.choice(_YOU_ASK if asks else _YOU_SAY)} {marked}"
        else:
            form = _ASKS if quote.endswith("?") else _SAYS
            text = f"{form.format(who=message.author or 'Somebody')} {marked}"
        if message.author and not message.own:
            about = (message.author,)
        return Claim(text=text, sources=(memory.seq,), quotes=(quote,), about=about)

    def joined(self, a: Remembered, b: Remembered, word: str, name: str) -> Claim | None:
        """Say what leads from one to the other; None where that has no words."""
        if not (a.english and b.english):
            return None
        sources = (min(a.seq, b.seq), max(a.seq, b.seq))
        if word:
            forms = _NAME_JOINTS if name else _WORD_JOINTS
            text = self._rng.choice(forms).format(word=name or word)
            return Claim(text=text, sources=sources, about=(word,))
        if a.feeling * b.feeling > 0:
            text = self._rng.choice(_GLAD_JOINTS if a.feeling > 0 else _TROUBLED_JOINTS)
            return Claim(text=text, sources=sources)
        return None

    def resolved(self, one: Resolution) -> Claim:
        """Say that something was so once, and is otherwise by now."""
        held, holds = one.held, one.holds
        sources = tuple(sorted({held.sources[0], holds.sources[0]}))
        forms: tuple[str, ...] = _CHANGED
        quotes: tuple[str, ...] = (held.value, holds.value)
        if held.relation is not holds.relation:
            forms, quotes = _NO_MORE if holds.relation is Relation.DISLIKES else _BY_NOW, (holds.value,)
        text = self._rng.choice(forms).format(held=shown(held.value), holds=shown(holds.value))
        return Claim(text=text, sources=sources, quotes=quotes)

    def left_open(self, said: Claim, memory: Remembered) -> Claim | None:
        """Say that what was just said, a question or a plan, stayed open; None where it is neither."""
        quote = said.quotes[0]
        if not memory.english:
            return None
        if quote.endswith("?"):
            return Claim(text=self._rng.choice(_OPEN_ASKED), sources=(memory.seq,))
        if _PLANNED.search(quote):
            return Claim(text=self._rng.choice(_OPEN_PLANNED), sources=(memory.seq,))
        return None
