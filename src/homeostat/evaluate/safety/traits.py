"""Traits of a sentence: who is spoken of, how, and whether it is denied, quoted or answered; by words."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.folding import Folding, Line, Place
from homeostat.evaluate.safety.roles import TELLS, Roles
from homeostat.evaluate.safety.sentence import NO_WORDS, Sentence
from homeostat.evaluate.safety.verdict import Finding, severities

_SEEN = (
    "me", "other", "denied", "quoted", "aim", "asked", "over", "told", "means", "young", "body", "wound",
    "attack", TELLS,
)  # fmt: skip
"""What is only looked for, wherever it stands in the sentence."""

_TOGETHER = (
    ("me", "wound"), ("me", "wound", "-over", "-denied"), ("me", "wound", "over"), ("wound", "denied"),
    ("wound", "asked"), ("wound", "told"), ("me", "means"), ("attack", "other"), ("attack", "aim"),
    ("attack", "aim", "me", "other"), ("attack", "told"), ("attack", "over"), ("attack", "denied"),
    ("attack", "quoted"), ("attack", "means"), ("attack", "asked"), ("body", "young"), ("body", "asked"),
    ("body", "told"), ("body", "other"),
)  # fmt: skip
"""What is a trait where it stands together, or without what has a minus before it."""

_COUNTED = (
    "group", "referred", "you", "hostile", "harm", "praise", "negated hostile", "negated praise", "quoted",
    "reported", "counter", "question", "slur", "rude", "profane", "sexual", "violent", "self-harm",
    "group hostile", "group harm", "group negated hostile", "group negated praise", "group quoted",
    "group reported", "group counter", "group praise", "group profane", "you hostile", "you group counter",
)  # fmt: skip
NAMES = (*_COUNTED, *(f"any {name}" for name in _SEEN), *(" ".join(names) for names in _TOGETHER))
ABROAD = NAMES.index(f"any {TELLS}")
"""The trait of a sentence that is not read as English."""

_NEAR = 4
_QUOTES = re.compile(r"[\"“”«»„][^\"“”«»„]{3,}[\"“”«»„]|(?<!\w)['‘][^'‘’]{3,}['’](?!\w)")
_QUOTE = re.compile("[\"“”«»„'‘’]")
_BREAKS = frozenset(
    "but that because if when why how only know stop wait help care mind aber sondern weil wenn dass".split()  # noqa: SIM905 (as a list it is one word a line)
)
_WORDS = re.compile(r"[\w']+")
_CLAUSE = re.compile(r"[,;:.!?\u2013\u2014\n]")
_BEFORE_MAX = 60
_THEY = re.compile(r" (?:they|them|their|theirs|themselves|these|those|kind|you|your) ")
_YOU = frozenset(["you", "your", "u", "ur", "you're", "yourself"])
_OTHER = _YOU | {"you'll", "him", "his", "her", "them", "their"}
_ME = frozenset(
    ("i", "i'm", "im", "i've", "ive", "i'll", "i'd", "me", "my", "myself",
     "we", "we're", "we've", "we'll", "us", "our", "let's")
)  # fmt: skip
_TERMS = (
    Category.HATE, Category.HARASSMENT, Category.PROFANITY,
    Category.SEXUAL, Category.VIOLENCE, Category.SELF_HARM,
)  # fmt: skip


_NOTHING_SAID = [0.0] * len(_TERMS)
_NOTHING_COUNTED = (0.0,) * (len(_COUNTED) - 3)
_BIT = {name: 1 << at for at, name in enumerate(_SEEN)}
_BITS = tuple(_BIT.values())
_TELLS = _BIT[TELLS]
_ADDRESSED = 1 << len(_SEEN)
_PRONOUNS = {
    word: _BIT["me"] * (word in _ME) | _BIT["other"] * (word in _OTHER) | _ADDRESSED * (word in _YOU)
    for word in _ME | _OTHER
}
"""The bits of English pronouns."""

_SETS = tuple(
    (
        sum(_BIT[name.lstrip("-")] for name in names),
        sum(_BIT[name] for name in names if not name.startswith("-")),
    )
    for names in _TOGETHER
)
"""Of each: the bits that are looked at, and those of them that must be set."""


class Traits:
    """Counts the traits of sentences. It is built once, and safe for threads; some 10 us a sentence."""

    def __init__(self, folding: Folding) -> None:
        self._roles = Roles(folding, _BIT)

    def of(self, sentences: Sequence[Sentence], terms: Sequence[Sequence[Finding]]) -> list[list[float]]:
        """Return the traits of each sentence, by NAMES, given the terms found in it."""
        return [self._of(one, found) for one, found in zip(sentences, terms, strict=True)]

    def refers(self, sentence: Sentence) -> bool:
        """Whether a sentence speaks of a group of people that only the one before it names."""
        if sentence.line_before == NO_WORDS or _THEY.search(sentence.lines[0].text) is None:
            return False
        return (
            "group" in self._roles.of(sentence.line_before)[0]
            and "group" not in self._roles.of(sentence.lines[0].text)[0]
        )

    def denied(self, sentence: Sentence, term: Finding) -> bool:
        """Whether a term stands behind a word that denies it: `I would never kill myself`."""
        before = sentence.text[max(term.start - _BEFORE_MAX, 0) : term.start].lower().replace("’", "'")
        near = _WORDS.findall(_CLAUSE.split(before)[-1])[-_NEAR:]
        denials = [at for at, word in enumerate(near) if word in self._roles.negators]
        return bool(denials) and _BREAKS.isdisjoint(near[denials[-1] + 1 :])

    def told(self, sentence: Sentence, term: Finding) -> bool:
        """Whether a term is quoted as what somebody said: `he wrote "I will kill you", and I reported it`."""
        return any(start <= term.start < end for start, end in quoted_places(sentence.text)) and (
            "report" in self._roles.of(sentence.lines[0].text)[0]
        )

    def _of(self, sentence: Sentence, terms: Sequence[Finding]) -> list[float]:
        line = sentence.lines[-1 if len(sentence.lines) == 1 else 1]
        roles, seen = self._roles.of(line.text)
        quotes = quoted_places(sentence.text)
        words = line.text.split()
        if not seen & _TELLS:
            for word in words:
                seen |= _PRONOUNS.get(word, 0)
            if seen & _ADDRESSED:
                roles["you"] = []
                seen ^= _ADDRESSED
        if "negator" in roles:
            seen |= _BIT["denied"]
        if quotes:
            seen |= _BIT["quoted"]
        counted = self._counted(sentence, line, words, roles, quotes, terms, seen & _TELLS > 0)
        return [*counted, *_traits_of(seen)]

    def _counted(
        self,
        sentence: Sentence,
        line: Line,
        words: Sequence[str],
        roles: Mapping[str, Sequence[int]],
        quotes: Sequence[Place],
        terms: Sequence[Finding],
        behind: bool,
    ) -> Sequence[float]:
        group = float("group" in roles)
        referred = float(not group and self.refers(sentence))
        you = float("you" in roles)
        if len(roles) == you and not terms and not referred:
            return (0.0, 0.0, you, *_NOTHING_COUNTED)
        places = sentence.places(line) if quotes else ()
        negators, reports = roles.get("negator", []), roles.get("report", [])
        counts = {"hostile": 0.0, "harm": 0.0, "praise": 0.0}
        negated = {"hostile": 0.0, "harm": 0.0, "praise": 0.0}
        quoted = reported = 0.0
        for role in counts:
            for word in roles.get(role, ()):
                if negators and _denied(words, negators, word, behind):
                    negated[role] += 1
                elif quotes and any(start <= places[word][0] < end for start, end in quotes):
                    quoted += role != "praise"
                else:
                    counts[role] += 1
                    reported += role != "praise" and bool(reports) and min(reports) < word
        hostile, harm, praise, denied, unpraised, quoted, reported, counter = [
            min(2.0, count)
            for count in (
                *counts.values(), negated["hostile"] + negated["harm"], negated["praise"], quoted, reported,
                len(roles.get("counter", ())),
            )
        ]  # fmt: skip
        worst = severities(terms)
        said = [worst.get(category, 0.0) / 10 for category in _TERMS] if worst else _NOTHING_SAID
        some = max(group, referred)
        return [
            group, referred, you, hostile, harm, praise, denied, unpraised, quoted, reported, counter,
            float("?" in sentence.text), *said,
            some * hostile, some * harm, some * denied, some * unpraised, some * quoted, some * reported,
            some * counter, some * praise, some * said[2], you * hostile, you * some * counter,
        ]  # fmt: skip


@lru_cache(maxsize=1 << len(_SEEN))
def _traits_of(seen: int) -> tuple[float, ...]:
    """Return the traits of what is there and of what stands together."""
    return (
        *(float(seen & bit > 0) for bit in _BITS),
        *(float(seen & looked_at == wanted) for looked_at, wanted in _SETS),
    )


def quoted_places(text: str) -> list[Place]:
    """Return where a text quotes."""
    return [match.span() for match in _QUOTES.finditer(text)] if _QUOTE.search(text) else []


def _denied(words: Sequence[str], negators: Sequence[int], word: int, behind: bool) -> bool:
    """Whether a negator stands near before a word, or near `behind` it where that denies, too.

    Not if what it denies ends before: `nothing but contempt`, `not obvious that I hate`.
    """
    for negator in negators:
        if 0 < word - negator <= _NEAR:
            between = words[negator + 1 : word]
        elif behind and 0 < negator - word <= _NEAR:
            between = words[word + 1 : negator]
        else:
            continue
        if _BREAKS.isdisjoint(between):
            return True
    return False
