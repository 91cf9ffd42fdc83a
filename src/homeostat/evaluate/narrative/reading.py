"""The reading: what is taken from one turn or sentence, to tell whether another can follow it.

English words and signs; of other languages only the signs, the lengths and shared words count.
"""

import re
from dataclasses import dataclass

from homeostat.evaluate.narrative.word_set import word_set
from homeostat.evaluate.segments import sentences

TEXT_CHARS_MAX = 4_000
"""Only so much of a segment is read: both ends of a longer one, half each."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_ASKS = ("?", "\u061f", "\uff1f")
_ENDINGS = ("ingly", "edly", "ings", "ing", "ies", "ied", "ed", "es", "s", "ly", "e", "y")
_LAST_LETTERS = frozenset(ending[-1] for ending in _ENDINGS)
_STEM_MIN = 3

_SIGNS: dict[str, frozenset[str]] = {
    "thanks": word_set("thanks thank thx appreciate grateful"),
    "greets": word_set("hi hey hello morning evening hiya greetings"),
    "parts": word_set("bye goodbye later soon goodnight cya farewell"),
    "praises": word_set(
        """
    wow awesome amazing great cool nice congrats congratulations proud impressive wonderful fantastic
    gorgeous beautiful cute lovely sweet fun incredible perfect interesting inspiring
    """
    ),
    "agrees": word_set(
        """
    yes yeah yep yup sure absolutely definitely totally agree exactly indeed certainly right true
    """
    ),
    "denies": word_set(
        """
    no nope not never don't didn't haven't isn't wasn't can't won't nah nothing
    """
    ),
    "self": word_set("i i'm i've i'd i'll my me mine myself we we're our us"),
    "other": word_set("you your you're you've you'd you'll yours yourself u"),
    "points": word_set("it that this these those it's that's they them they're such"),
    "third": word_set("he she him her his hers he's she's"),
    "too": word_set("too also same either neither well"),
    "because": word_set("because since cause so reason"),
    "wishes": word_set("hope luck enjoy wish wishing hoping cheers"),
    "feels": word_set(
        """
    feel felt love loved glad happy sad sorry excited worried hard tough proud
    """
    ),
    "when": word_set(
        """
    yesterday tomorrow today week weekend month year years ago last next recently tonight
    """
    ),
    "offers": word_set("let's should could maybe try check can help need"),
    "shows": word_set("here look see photo picture pic check took"),
    "sorry": word_set("sorry sad unfortunately hear"),
    "welcome": word_set("welcome problem pleasure anytime worries"),
}
_HEADS = word_set("what where when who why how which whose")
_AUXILIARIES = word_set(
    """
    do does did are is was were have has can could would will should any anything got
    """
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One segment: its stems, those of its first and last sentence, and its traits by their names.

    `leads` are traits that ask for something after it, `follows` those that ask for something before it.
    """

    stems: frozenset[str]
    first: frozenset[str]
    last: frozenset[str]
    leads: frozenset[str]
    follows: frozenset[str]


def words(text: str) -> list[str]:
    """Return the words of a text in small letters."""
    return _WORD.findall(text.lower().replace("\u2019", "'"))


def stem(word: str) -> str:
    """Return a word without the common English endings.

    >>> stem("paintings"), stem("painted"), stem("bus")
    ('paint', 'paint', 'bus')
    """
    word = word.removesuffix("'s")
    if word[-1:] not in _LAST_LETTERS:
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_MIN:
            return word[: -len(ending)]
    return word


def ends_of(text: str) -> str:
    """Return a text, or both ends of one that is too long to be read."""
    half = TEXT_CHARS_MAX // 2
    return text if len(text) <= TEXT_CHARS_MAX else f"{text[:half]}\n\n{text[-half:]}"


def read(text: str) -> Reading:
    """Return the reading of one segment. Cost: some 30 us for 25 words."""
    parts = list(sentences(ends_of(text)))
    said = [words(part) for part in parts] or [[]]
    whole = frozenset(w for part in said for w in part)
    first, last = said[0], said[-1]
    asks = [i for i, part in enumerate(parts) if part.endswith(_ASKS)]
    of_first, of_last, of_whole = _signs(frozenset(first)), _signs(frozenset(last)), _signs(whole)
    count = sum(map(len, said))
    shape = ["always", f"long:{min(count.bit_length(), 6)}", f"sentences:{min(len(parts), 4)}"]
    if asks:
        shape.append("asks")
    leads = [*shape, *(f"any:{s}" for s in of_whole), *(f"edge:{s}" for s in of_last)]
    follows = [*shape, *(f"any:{s}" for s in of_whole), *(f"edge:{s}" for s in of_first)]
    if asks:
        kind = _kind(said[asks[-1]])
        leads += [f"asked:{kind}", f"asked {'last' if asks[-1] == len(parts) - 1 else 'within'}"]
        follows.append(f"asking:{_kind(said[asks[0]])}")
        if asks[0] == 0:
            follows.append("asking first")
    if parts:
        leads.append(f"ends:{parts[-1][-1]}" if not parts[-1][-1].isalnum() else "ends:")
        follows.append(f"begins:{parts[0][-1]}" if not parts[0][-1].isalnum() else "begins:")
    leads += [f"w:{w}" for w in last]
    follows += [f"w:{w}" for w in first]
    follows += [f"b:{' '.join(first[:n])}" for n in (1, 2, 3) if len(first) >= n]
    return Reading(
        frozenset(map(stem, whole)),
        frozenset(map(stem, first)),
        frozenset(map(stem, last)),
        frozenset(leads),
        frozenset(follows),
    )


def _signs(found: frozenset[str]) -> list[str]:
    return [name for name, of_it in _SIGNS.items() if not of_it.isdisjoint(found)]


def _kind(question: list[str]) -> str:
    """Return what a question asks for: its first question word, with the word after it, or its verb."""
    for place, word in enumerate(question):
        if word in _HEADS or word.split("'")[0] in _HEADS:
            after = question[place + 1] if len(question) > place + 1 else ""
            return f"{word} {after}" if word in ("how", "what") else word
        if word in _AUXILIARIES and place < 3:
            return f"{word} {question[place + 1]}" if len(question) > place + 1 else word
    return "else"
