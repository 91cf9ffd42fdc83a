"""Preferences: what a person likes and asked to avoid, as phrases looked for in what they are told."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from homeostat.core.errors import InputError
from homeostat.evaluate.narrative.reading import stem
from homeostat.evaluate.passage import Context
from homeostat.evaluate.personal.content import SAID, content_of

_HOW_WORDS = """
admire adore afraid amazing appreciate avoid awesome awful bad bear best better boring cherish
despise detest dislike enjoy enjoyed enjoying excited fan fascinated favorite favorites favourite
favourites fear fond fun good great hate hated hates hating interested interesting keen liked likes
liking loathe love loved lovely loves loving nice obsessed passion passionate prefer preferred
scared sick stand terrible terrified tired uncomfortable wonderful worst
"""
_HOW = frozenset(stem(word) for word in _HOW_WORDS.split())
"""That something is loved or hated says how, not what."""


@dataclass(frozen=True, slots=True)
class Touched:
    """How far a text touches what is liked and what is not, each 0 to 1."""

    liked: float
    disliked: float


class Preferences:
    """Phrases by their stems. A text touches a phrase by the share of its words of content that it has.

    What is learned weighs as much as its weight says. `I don't eat meat`, liked, is touched where meat is
    denied; what is disliked is touched where it stands, however the dislike was worded. Cost: one pass over
    the text, whatever the number of phrases.
    """

    __slots__ = ("_of_stem", "_sizes", "_weights")

    def __init__(self, likes: Iterable[str], dislikes: Iterable[str], learned: Mapping[str, float]) -> None:
        phrases = [
            *((phrase, 1.0) for phrase in likes),
            *((phrase, -1.0) for phrase in dislikes),
            *learned.items(),
        ]
        self._sizes: list[int] = []
        self._weights: list[float] = []
        self._of_stem: dict[str, list[tuple[int, int]]] = {}
        for phrase, weight in phrases:
            if math.isnan(weight):
                raise InputError("the weight of a learned topic is nan: it takes one from -1 to 1")
            stems = content_of(phrase).stems
            about = {root: how for root, how in stems.items() if root not in _HOW} or stems
            for root, how in about.items():
                wanted = how if weight > 0 else SAID
                self._of_stem.setdefault(root, []).append((len(self._sizes), wanted))
            self._sizes.append(len(about))
            self._weights.append(max(-1.0, min(weight, 1.0)))

    @classmethod
    def of(cls, context: Context) -> "Preferences | None":
        """Return the preferences of a context, None where it names none. Raises InputError."""
        if not (context.likes or context.dislikes or context.learned):
            return None
        return cls(context.likes, context.dislikes, context.learned)

    def touched(self, text: str) -> Touched:
        """Return how far a text touches the phrase that it touches most, on either side."""
        shares: dict[int, float] = {}
        for root, how in content_of(text).stems.items():
            for phrase, wanted in self._of_stem.get(root, ()):
                if how & wanted:
                    shares[phrase] = shares.get(phrase, 0.0) + 1.0 / self._sizes[phrase]
        liked = disliked = 0.0
        for phrase, share in shares.items():
            weighed = share * self._weights[phrase]
            liked, disliked = max(liked, weighed), max(disliked, -weighed)
        return Touched(min(liked, 1.0), min(disliked, 1.0))
