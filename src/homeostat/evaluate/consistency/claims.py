"""Claims: what an author says they have, are, like or do, so that another claim of theirs can deny it.

English, first person, plain statements only: questions, conditions, wishes and what used to be claim nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from homeostat.evaluate.narrative.reading import ends_of, stem
from homeostat.evaluate.narrative.word_set import word_set
from homeostat.evaluate.segments import sentences

Kind = Literal["has", "is", "likes", "does", "aged", "many"]
STEMS_MAX = 6

_KINDS_OF = {
    whole: frozenset(map(stem, parts.split()))
    for whole, parts in {
        "pet": "dog cat puppy kitten hamster parrot turtle rabbit bird fish",
        "animal": "dog cat puppy kitten horse pet",
        "child": "kid son daughter child children baby toddler",
        "kid": "son daughter child children",
        "children": "kid son daughter child",
        "sibl": "brother sister",
        "partner": "husband wife boyfriend girlfriend",
        "parent": "mother father mom dad mum",
        "meat": "steak chicken beef pork bacon burger",
        "alcohol": "wine beer whiskey vodka",
        "sport": "football basketball soccer tennis baseball hockey volleyball",
        "music": "jazz rock metal blue",
    }.items()
}
"""Who denies the whole denies its parts: the whole and the parts by their stems."""

_OWNED = frozenset(
    map(
        stem,
        word_set(
            """
            dog cat pet puppy kitten horse kid son daughter child children baby husband wife boyfriend
            girlfriend brother sister sibling car job garden
            """
        ),
    )
)
_APART: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (word_set("singl divorc widow"), word_set("marr engag")),
    (word_set("vegetarian vegan"), word_set("carnivor")),
    (word_set("tall"), word_set("short")),
    (word_set("unemploy retir"), word_set("employ")),
    (word_set("introvert shy"), word_set("extrovert outgo")),
)
_SKIPPED = re.compile(
    r"\b(?:if|unless|used to|wish|would|could|might|maybe|when i was|anymore|any more|until|before|almost"
    r"|not sure|can't wait|don't know|don't think|don't mind|not only|i guess)\b"
)
_CLAUSE = re.compile(r"[,;:\u2013\u2014]| - |\b(?:and|but|so|because|since|while|though|or)\b")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_NOT = word_set(
    """
    not don't didn't doesn't never no haven't can't isn't ain't won't cannot neither hardly
    """
)
_PASSED = word_set(
    """
    i i'm i've a an the my any some to really also just very so much do am have be actually always still
    too absolutely definitely quite totally even ever been of kind all lot lots in at for with
    """
)
_LIKES = word_set(
    """
    love like enjoy adore prefer dig fond fan favorite favourite passionate into
    """
)
_HATES = word_set("hate dislike despise loathe detest")
_HAS = word_set("have own got has had")
_CUTS = word_set(
    """
    in at on with for from about by after as than that which who where of during every like near when
    """
)
_NUMBERS = {
    "a": 1,
    "an": 1,
    "no": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
}
_AGED = re.compile(r"\bi(?:'m| am|'ve just turned| just turned| turned) (\d{1,2})(?= *(?:years|$|now))")
_FAVOURITE = re.compile(r"^my favou?rite .*?\b(?:is|are) (.+)$")
_LIKING = re.compile(r"\bi (?:also |really |just )*(?:love|like|enjoy)\b(?!.*n't)")
_SUBJECT = re.compile(r"\b(?:i|it|you|we|they|he|she|that|there|this)\b|\b\w+'(?:s|re|m|ll)\b")
_EMPTY_VERBS = word_set(
    """
    play playing go going watch watching listen listening read reading take taking eat eating do doing
    drink drinking fan big huge currently
    """
)
LISTED_WORDS_MAX = 6
ALIKE_CHARS = 6


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an author on themselves: of a kind, about `stems`.

    `value` is the number where one excludes another.
    """

    kind: Kind
    stems: frozenset[str]
    holds: bool
    value: str = ""


def claims(text: str) -> Iterator[Claim]:
    """Yield what a text claims of its author."""
    for told in sentences(ends_of(text)):
        sentence = told.lower().replace("\u2019", "'")
        if sentence.endswith(("?", "\uff1f")) or _SKIPPED.search(sentence):
            continue
        listing = False
        for part in _CLAUSE.split(sentence):
            clause = part.strip(" .!\u2026")
            yield from _of_clause(clause, listing=listing)
            listing = bool(_LIKING.search(clause)) or (listing and not _SUBJECT.search(clause))


def denies(one: Claim, other: Claim) -> bool:
    """Whether two claims of the same author cannot both hold."""
    if one.kind != other.kind:
        return False
    if one.kind in ("aged", "many"):
        return one.stems == other.stems and one.value != other.value
    if one.holds == other.holds:
        return one.kind == "is" and one.holds and _apart(one.stems, other.stems)
    against, stated = (one, other) if other.holds else (other, one)
    return all(_within(stem_, stated.stems) for stem_ in against.stems)


def _within(whole: str, stems: frozenset[str]) -> bool:
    if whole in stems or not stems.isdisjoint(_KINDS_OF.get(whole, ())):
        return True
    return len(whole) > ALIKE_CHARS and any(stem_[:ALIKE_CHARS] == whole[:ALIKE_CHARS] for stem_ in stems)


def _apart(one: frozenset[str], other: frozenset[str]) -> bool:
    return any((one & a and other & b) or (one & b and other & a) for a, b in _APART)


def _of_clause(clause: str, *, listing: bool) -> Iterator[Claim]:
    """Yield the claims of one clause; while what is liked is listed, one without a verb is one more of it."""
    said = _WORD.findall(clause)
    for place, word in enumerate(said[:-1]):
        if word == "my" and (owned := stem(said[place + 1])) in _OWNED:
            yield Claim("has", frozenset((owned,)), holds=True)
    if age := _AGED.search(clause):
        yield Claim("aged", frozenset(), holds=True, value=age[1])
        return
    if favourite := _FAVOURITE.search(clause):
        if found := _object(_WORD.findall(favourite[1])):
            yield Claim("likes", found, holds=True)
        return
    start = next((i for i, word in enumerate(said[:3]) if word in ("i", "i'm", "i've")), None)
    if start is not None:
        yield from _of_self(said[start:])
    elif listing and len(said) < LISTED_WORDS_MAX and (found := _object(said)):
        yield Claim("likes", found, holds=True)


def _of_self(said: list[str]) -> Iterator[Claim]:
    holds = not any(word in _NOT for word in said[:5])
    rest = [word for word in said[1:] if word not in _NOT]
    verb_at = next((i for i, word in enumerate(rest) if word not in _PASSED or word in ("have", "am")), None)
    if verb_at is None:
        return
    verb, about = rest[verb_at], rest[verb_at + 1 :]
    found = _object(about)
    if verb in _HATES or verb in _LIKES:
        if found:
            yield Claim("likes", found, holds=holds and verb not in _HATES)
        if holds and verb in _LIKES and about and about[0] == "to" and (done := _object(about, plain=True)):
            yield Claim("does", done, holds=True)
    elif verb in _HAS:
        if found:
            yield Claim("has", found, holds=holds)
            number = next(
                (_NUMBERS.get(word, word) for word in about[:2] if word in _NUMBERS or word.isdigit()), "1"
            )
            if holds and number != "1":
                yield Claim("many", found, holds=True, value=str(number))
    elif said[0] == "i'm" or verb == "am" or (verb in ("work", "working") and about[:1] == ["as"]):
        if found := found if verb in ("am", "work", "working") else _object([verb, *about]):
            yield Claim("is", found, holds=holds)
    elif done := _object([verb, *about], plain=True):
        yield Claim("does", done, holds=holds)


def _object(said: list[str], *, plain: bool = False) -> frozenset[str] | None:
    """Return the stems of what a verb is about, up to a preposition; with `plain`, of any verb as well."""
    kept: list[str] = []
    for word in said:
        if word in _CUTS and kept and not plain:
            break
        if word in _PASSED or word in _NUMBERS or word in _CUTS or word.isdigit():
            continue
        if plain or word not in _EMPTY_VERBS:
            kept.append(stem(word))
    return frozenset(kept[:STEMS_MAX]) or None
