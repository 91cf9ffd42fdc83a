"""Affect: what a text feels like, by the words and signs in it: valence, arousal and distress.

One pass over the words. What is denied counts half, on the other side. English only: in a text of another
language `die` and `war` would be words of feeling, so one with too few of English's function words has no
affect.
"""

import math
import re
from collections import Counter

import msgspec

from homeostat.evaluate.denial import tokens_of
from homeostat.evaluate.emotion.lexicon import LEXICON, STRENGTHS
from homeostat.evaluate.english import is_foreign
from homeostat.evaluate.function_words import FUNCTION_WORDS

GLAD = frozenset(word for word, feeling in LEXICON.items() if feeling.valence > 0)
TROUBLED = frozenset(word for word, feeling in LEXICON.items() if feeling.valence < 0)

CHARS_MAX = 20_000
"""Of one text so much is read."""

_GLAD_SIGNS = re.compile(
    r"(?<!\w)(?:[:;=]-?|8-)[)DPp3*](?!\w)|<3(?!\w|\.\d)|[\U0001F600-\U0001F60E\U0001F618-\U0001F61D\u2764]"
)
_SAD_SIGNS = re.compile(r"(?<!\w)[:=]['-]?[(/\\|](?!\w)|[\U0001F61E-\U0001F62D\U0001F494]")
_EYES = (":", ";", "=", "8-", "<")
"""What every emoticon begins with: where none of it stands, nothing has to be searched."""

_ENDS = frozenset(".!?;\n")

_DENIED = -0.5
_SIGN_VALENCE = 2.0
_SIGN_AROUSAL = 0.3
_SOFTENING = 9.0
"""The square of the sum of valences at which a text is at .71 of the whole scale."""

_EXCLAIMED = 0.1
_EXCLAIMED_MAX = 0.2
_DISTRESS_SHARE = 0.6
"""So much distress does one word of the worst kind make."""


class Affect(msgspec.Struct, frozen=True, gc=False):
    """What a text feels like.

    `valence` is between -1 and 1, `arousal` and `distress` between 0 and 1: distress is what is bad and
    arouses, in the worst of the text's sentences. `found` is how many words and signs told it; where it is 0
    nothing is known. `total` is the sum of their valences, -3 to 3 each where nothing strengthens them, and
    `valence` what is left of it on a scale with ends. `words` are all that it has, `common` those that are
    function words of English. `foreign` texts are in another language, as far as that can be told.
    """

    valence: float = 0.0
    arousal: float = 0.0
    distress: float = 0.0
    found: int = 0
    total: float = 0.0
    words: int = 0
    common: int = 0
    foreign: bool = False


_ENGLISH_FOUND = 0.3
"""A text with a larger share of different words of feeling is read as English, whatever the others are."""

_ENGLISH_FELT = 0.5
"""A passage with a larger share of them, different or not, is read as English."""

_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")


def affect_of(text: str) -> Affect:
    """Return what a text feels like. Cost: one pass, about 1 us a word.

    >>> affect_of("I am so happy!").valence > 0.5 > 0 > affect_of("I am not happy.").valence
    True
    """
    text = text[:CHARS_MAX]
    total = weighed = weights = 0.0
    worst, untouched = 0.0, 1.0
    exclaimed = found = words = common = 0
    different: set[str] = set()
    bad: set[str] = set()
    strength = 1.0
    feeling_of, strength_of = LEXICON.get, STRENGTHS.get
    for word, denied in tokens_of(text):
        feeling = feeling_of(word)
        if feeling is not None:
            valence = feeling.valence * strength * (_DENIED if denied else 1.0)
            total += valence
            weighed += abs(valence) * feeling.arousal
            weights += abs(valence)
            if valence < 0 and word not in bad:  # said again in a sentence, it is no worse
                bad.add(word)
                untouched *= 1.0 - _DISTRESS_SHARE * min(-valence / 3.0, 1.0) * feeling.arousal
            found += 1
            different.add(word)
        if word[0].isalnum():
            words += 1
            common += word in FUNCTION_WORDS
        elif not _ENDS.isdisjoint(word):
            worst, untouched = max(worst, 1.0 - untouched), 1.0
            bad.clear()
            exclaimed += word.count("!")
        strength = strength_of(word, 1.0)
    glad, sad = signs_of(text)
    foreign = is_foreign(words, common) and len(different) <= _ENGLISH_FOUND * words
    foreign = foreign or _is_other_script(text)
    if foreign:
        total = weights = worst = 0.0
        found, untouched = 0, 1.0
    found += glad + sad
    if not found:
        return Affect(words=words, common=common, foreign=foreign)
    total += _SIGN_VALENCE * (glad - sad)
    arousal = weighed / weights if weights else _SIGN_AROUSAL
    return Affect(
        valence=total / math.sqrt(total * total + _SOFTENING),
        arousal=min(arousal + min(_EXCLAIMED * exclaimed, _EXCLAIMED_MAX), 1.0),
        distress=max(worst, 1.0 - untouched),
        found=found,
        total=total,
        words=words,
        common=common,
        foreign=foreign,
    )


class LanguageTally:
    """Counts the words of a passage, since its pieces may be too short to tell their language."""

    __slots__ = ("_common", "_felt", "_words")

    def __init__(self) -> None:
        self._words = self._common = self._felt = 0

    def add(self, affect: Affect) -> None:
        """Count the next piece."""
        self._words += affect.words
        self._common += affect.common
        self._felt += affect.found

    @property
    def is_foreign(self) -> bool:
        """Whether all of it together is in another language than English, as far as that can be told."""
        return is_foreign(self._words, self._common) and self._felt <= _ENGLISH_FELT * self._words


def _is_other_script(text: str) -> bool:
    """Tell whether a text has letters, and none of them is Latin."""
    return not (text.isascii() or _LATIN.search(text)) and any(map(str.isalpha, text))


def signs_of(text: str) -> tuple[int, int]:
    """Return how many glad and how many troubled emoticons and emoji a text has."""
    if text.isascii() and not any(eyes in text for eyes in _EYES):
        return 0, 0
    return len(_GLAD_SIGNS.findall(text)), len(_SAD_SIGNS.findall(text))


def counted(words: Counter[str]) -> tuple[int, int]:
    """Return how many glad and troubled words there are, denied or not."""
    glad = sum(count for word, count in words.items() if word in GLAD)
    return glad, sum(count for word, count in words.items() if word in TROUBLED)
