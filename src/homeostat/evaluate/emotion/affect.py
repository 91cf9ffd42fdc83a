"""Affect: what a text feels like, by the words and signs in it: valence, arousal and distress.

One pass over the words. A negator denies the feelings of the next four words of its clause, up to a
comma or `but`; what is denied counts half, on the other side. English only: in a text of another language
`die` and `war` would be words of feeling, so one with too few of English's function words has no affect.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from homeostat.evaluate.emotion.lexicon import LEXICON, NEGATORS, STRENGTHS
from homeostat.evaluate.english import is_foreign
from homeostat.evaluate.function_words import FUNCTION_WORDS

GLAD = frozenset(word for word, feeling in LEXICON.items() if feeling.valence > 0)
TROUBLED = frozenset(word for word, feeling in LEXICON.items() if feeling.valence < 0)

CHARS_MAX = 20_000
"""Of one text so much is read."""

_GLAD_SIGNS = re.compile(
    r"(?<!\w)[:;=8]-?[)DPp3*](?!\w)|<3|[\U0001F600-\U0001F60E\U0001F618-\U0001F61D\u2764]"
)
_SAD_SIGNS = re.compile(r"(?<!\w)[:=]['-]?[(/\\|](?!\w)|[\U0001F61E-\U0001F62D\U0001F494]")
_EYES = (":", ";", "=", "8", "<")
"""What every emoticon begins with: where none of it stands, nothing has to be searched."""

_TOKEN = re.compile(r"\w+(?:['’]\w+)*|[.!?;,:\n]+")
_ENDS = frozenset(".!?;\n")

_DENIED_REACH = 4
_DENIED = -0.5
_SIGN_VALENCE = 2.0
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
    nothing is known. `foreign` texts are in another language than English, as far as that can be told.
    """

    valence: float
    arousal: float
    distress: float
    found: int
    foreign: bool = False


NOTHING = Affect(0.0, 0.0, 0.0, 0)
FOREIGN = Affect(0.0, 0.0, 0.0, 0, foreign=True)
_ENGLISH_FOUND = 0.3
"""A text with a larger share of different words of feeling is read as English, whatever the others are."""


def affect_of(text: str) -> Affect:
    """Return what a text feels like. Cost: one pass, about 0.5 us a word.

    >>> affect_of("I am so happy!").valence > 0.5 > 0 > affect_of("I am not happy.").valence
    True
    """
    text = text[:CHARS_MAX]
    total = weighed = weights = 0.0
    worst, untouched = 0.0, 1.0
    exclaimed = reach = marks = 0
    found: list[str] = []
    strength = 1.0
    get = LEXICON.get
    tokens = _TOKEN.findall(text.lower().replace("’", "'"))
    for word in tokens:
        feeling = get(word)
        if feeling is not None:
            valence = feeling.valence * strength
            if reach > 0:
                valence *= _DENIED
            total += valence
            weight = abs(valence)
            weighed += weight * feeling.arousal
            weights += weight
            if valence < 0 and word not in found:  # said again, it is no worse
                untouched *= 1.0 - _DISTRESS_SHARE * min(-valence / 3.0, 1.0) * feeling.arousal
            found.append(word)
        if word in NEGATORS:
            reach = _DENIED_REACH + 1
        elif not word[0].isalnum() or word == "but":
            reach = 0
            marks += word != "but"
            if not _ENDS.isdisjoint(word):
                worst, untouched = max(worst, 1.0 - untouched), 1.0
                exclaimed += word.count("!")
        reach -= 1
        strength = STRENGTHS.get(word, 1.0)
    glad, sad = signs_of(text)
    if _foreign(tokens, marks, found):
        if not glad + sad:
            return FOREIGN
        total = weights = worst = 0.0
        found, untouched = [], 1.0
    if not len(found) + glad + sad:
        return NOTHING
    total += _SIGN_VALENCE * (glad - sad)
    arousal = weighed / weights if weights else 0.3
    return Affect(
        total / math.sqrt(total * total + _SOFTENING),
        min(arousal + min(_EXCLAIMED * exclaimed, _EXCLAIMED_MAX), 1.0),
        max(worst, 1.0 - untouched),
        len(found) + glad + sad,
    )


def _foreign(tokens: Sequence[str], marks: int, found: Sequence[str]) -> bool:
    words = len(tokens) - marks
    common = sum(map(FUNCTION_WORDS.__contains__, tokens))
    return is_foreign(words, common) and len(set(found)) <= _ENGLISH_FOUND * words


def signs_of(text: str) -> tuple[int, int]:
    """Return how many glad and how many troubled emoticons and emoji a text has."""
    if text.isascii() and not any(eyes in text for eyes in _EYES):
        return 0, 0
    return len(_GLAD_SIGNS.findall(text)), len(_SAD_SIGNS.findall(text))


def counted(words: Counter[str]) -> tuple[int, int]:
    """Return how many glad and troubled words there are, denied or not."""
    glad = sum(count for word, count in words.items() if word in GLAD)
    return glad, sum(count for word, count in words.items() if word in TROUBLED)
