"""Harm: what terms and meaning together say of a sentence."""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.head import LEVELS, Head
from homeostat.evaluate.safety.sentence import Sentence
from homeostat.evaluate.safety.terms import Terms
from homeostat.evaluate.safety.traits import ABROAD, NAMES, Traits, quoted_places
from homeostat.evaluate.safety.verdict import Finding

REACHED, SURER = 0.6, 0.9
"""A level is reached from this probability on; certainty adds so much, less than the next level would."""

FALLING = 3
"""The power with which severity falls below that probability."""

LEAST = 0.5
"""What would be milder by its meaning is not mentioned."""

OTHERWISE = 0.45
"""What is left of a term that is denied or told of, and of a slur that is answered or said of oneself."""

_TOLD = frozenset((Category.HATE, Category.HARASSMENT, Category.VIOLENCE, Category.SELF_HARM))
"""Harms that are told of and denied in the words that they are done with."""

_SELF = (
    " i am ", " i'm ", " we are ", " we're ", " my ", " us ", " me ", " myself ", " ourselves ", " our ",
    " we ", " being ", " ich bin ", " wir sind ", " mein ", " meine ", " uns ",
)  # fmt: skip
_ATTACKING = [NAMES.index(name) for name in ("hostile", "harm", "negated praise", "slur", "rude", "profane")]
_BEARING = [
    *_ATTACKING, NAMES.index("sexual"), NAMES.index("violent"), NAMES.index("self-harm"),
    NAMES.index("any attack"), NAMES.index("any wound"), NAMES.index("any body"),
]  # fmt: skip
"""What there must be in a German sentence for its vector to count: embedders may know no German."""

_UNSUPPORTED = 0.5
"""Without a vector, but for hate in hostile words: `kill` may be said of a process as well."""

_MENTIONED = REACHED * (LEAST / 10) ** (1 / FALLING)
"""What is less likely stays below what is mentioned."""

_HARMS = tuple(LEVELS)
_HATE, _HARASSMENT, _VIOLENCE = (
    _HARMS.index(harm) for harm in (Category.HATE, Category.HARASSMENT, Category.VIOLENCE)
)
_SPANS = tuple((levels[0][0], levels[-1][0] + 1) for levels in LEVELS.values())
"""Where the classes of each harm stand: side by side."""

_GROUP, _REFERRED, _YOU, _COUNTER = (NAMES.index(name) for name in ("group", "referred", "you", "counter"))


class Harm:
    """Finds what harms by its words, by whom they are said of, and by meaning where there are vectors."""

    def __init__(self, terms: Terms, traits: Traits, words: Head, meaning: Head | None) -> None:
        self._terms, self._traits = terms, traits
        self._words, self._meaning = words, meaning

    def look(self, sentences: Sequence[Sentence]) -> list[list[Finding]]:
        """Return what is found in each sentence."""
        terms = self._terms.look(sentences)
        traits = self._traits.of(sentences, terms)
        shares = self._shares(sentences, traits)
        return [self._of(*row) for row in zip(sentences, terms, traits, shares, strict=True)]

    def _shares(self, sentences: Sequence[Sentence], traits: list[list[float]]) -> list[list[float]]:
        """Return the probability of each class for each sentence, by meaning where there is a vector."""
        if self._meaning is None:
            return [self._words.probabilities(row) for row in traits]
        return [
            self._words.probabilities(row)
            if one.vector is None
            else self._meaning.probabilities(row, one.vector.astype(np.float64))
            for one, row in zip(sentences, traits, strict=True)
        ]

    def _of(
        self, sentence: Sentence, terms: list[Finding], traits: list[float], shares: list[float]
    ) -> list[Finding]:
        found = [self._in_context(sentence, term, traits) for term in terms]
        if 1 - shares[0] < _MENTIONED:
            return found
        by_meaning = sentence.vector is not None and (
            not traits[ABROAD] or any(traits[at] for at in _BEARING)
        )
        for harm, levels in _levels(shares, of_group=traits[_GROUP] > 0 or traits[_REFERRED] > 0):
            severity = severity_of(levels)
            if not (by_meaning or (harm is Category.HATE and any(traits[at] for at in _ATTACKING))):
                severity *= _UNSUPPORTED
            if severity >= LEAST:
                found.append(Finding(harm, round(severity, 3), 0, len(sentence.text), "meaning"))
        return found

    def _in_context(self, sentence: Sentence, term: Finding, traits: list[float]) -> Finding:
        """Return a term with less weight where it is denied, told of, answered or said of oneself."""
        if term.category not in _TOLD:
            return term
        milder = self._traits.denied(sentence, term) or self._traits.told(sentence, term)
        if not milder and term.category is Category.HATE:
            quoted = any(start <= term.start < end for start, end in quoted_places(sentence.text))
            own = not traits[_YOU] and any(word in sentence.lines[0].text for word in _SELF)
            milder = bool(traits[_COUNTER]) or quoted or own
        return msgspec.structs.replace(term, severity=term.severity * OTHERWISE) if milder else term


def _levels(shares: Sequence[float], of_group: bool) -> Iterator[tuple[Category, list[tuple[float, float]]]]:
    """Give the harms that may be mentioned, each with its levels and their probabilities.

    The likeliest harm has all that is left of `none`, for a threat against a group is half hate and half
    violence; and what is done to people of a group is hate.
    """
    of_each = [sum(shares[first:last]) for first, last in _SPANS]
    whole = of_each.copy()
    if of_group:
        whole[_HATE] += of_each[_HARASSMENT] + of_each[_VIOLENCE]
    whole[whole.index(max(whole))] = 1 - shares[0]
    for at, share in enumerate(whole):
        if share > _MENTIONED:
            scale = share / of_each[at]
            yield _HARMS[at], [(level, scale * shares[number]) for number, level in LEVELS[_HARMS[at]]]


def severity_of(levels: Sequence[tuple[float, float]]) -> float:
    """Return the severity of a harm whose levels, from mild to severe, have these probabilities.

    A level is reached where it or a worse one is likely: so a policy's bound means what its scale says. What
    is less likely falls off steeply, certainty adds a little.
    """
    worst = reached = 0.0
    for level, share in reversed(levels):
        reached += share
        if reached < REACHED:
            severity = level * (reached / REACHED) ** FALLING
        else:
            severity = min(level + SURER * (reached - REACHED) / (1 - REACHED), 10.0)
        worst = max(worst, severity)
    return worst
