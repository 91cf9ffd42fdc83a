"""Harm: what terms and meaning together say of a sentence."""

from collections.abc import Sequence

import msgspec
import numpy as np

from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.head import HARMS, Floats, Head
from homeostat.evaluate.safety.sentence import Sentence
from homeostat.evaluate.safety.terms import Terms
from homeostat.evaluate.safety.traits import NAMES, Traits, quoted_places
from homeostat.evaluate.safety.verdict import Finding

FULL = {
    Category.HATE: 9.0,
    Category.HARASSMENT: 5.5,
    Category.VIOLENCE: 8.5,
    Category.SEXUAL: 8.0,
    Category.SELF_HARM: 8.5,
}
"""The severity of what is certain to be harm by its meaning; a threat, a slur or an order adds its term's."""

LEAST = 0.5
"""What would be milder by its meaning is not mentioned."""

OTHERWISE = 0.45
"""What is left of a slur that is quoted to answer it, or that people use for themselves."""

_SELF = (
    " i am ",
    " i'm ",
    " we are ",
    " we're ",
    " my ",
    " us ",
    " me ",
    " myself ",
    " ourselves ",
    " our ",
    " we ",
    " being ",
)
_ATTACKING = [NAMES.index(name) for name in ("hostile", "harm", "negated praise", "slur", "rude", "profane")]
_UNSUPPORTED = {harm: severity / 2 for harm, severity in FULL.items()}
"""Without a vector: who is spoken of says little where nothing bad is said of them."""

_HARMLESS = 1 - LEAST / max(FULL.values())
_COUNTER, _YOU = NAMES.index("counter"), NAMES.index("you")


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
        return [self._of(*row) for row in zip(sentences, terms, traits.tolist(), shares, strict=True)]

    def _shares(self, sentences: Sequence[Sentence], traits: Floats) -> list[list[float]]:
        """Return the probability of each class for each sentence, by meaning where there is a vector."""
        if self._meaning is None:
            return self._words.probabilities(traits)
        each: list[list[float]] = []
        for one, row in zip(sentences, traits[:, None], strict=True):
            if one.vector is None:
                each += self._words.probabilities(row)
            else:
                each += self._meaning.probabilities(row, one.vector[None].astype(np.float64))
        return each

    def _of(
        self, sentence: Sentence, terms: list[Finding], traits: list[float], shares: list[float]
    ) -> list[Finding]:
        found = [self._in_context(sentence, term, traits) for term in terms]
        if shares[0] > _HARMLESS:
            return found
        full = FULL if sentence.vector is not None or any(traits[at] for at in _ATTACKING) else _UNSUPPORTED
        top = max(shares[1:])
        for harm, share in zip(HARMS, shares[1:], strict=True):
            severity = full[harm] * (1 - shares[0] if share == top else share)
            if severity >= LEAST:
                found.append(Finding(harm, round(severity, 3), 0, len(sentence.text), "meaning"))
        return found

    def _in_context(self, sentence: Sentence, term: Finding, traits: list[float]) -> Finding:
        """Return a slur with less weight where it is answered or said of oneself; other terms as they are."""
        if term.category is not Category.HATE:
            return term
        quoted = any(start <= term.start < end for start, end in quoted_places(sentence.text))
        line = sentence.lines[0].text
        own = not traits[_YOU] and any(word in line for word in _SELF)
        if traits[_COUNTER] or quoted or own:
            return msgspec.structs.replace(term, severity=term.severity * OTHERWISE)
        return term
