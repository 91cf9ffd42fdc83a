"""Affect: what a text feels like, by the words and signs in it: valence, arousal and distress.

One pass over the words. A negator denies the feelings of the next four words of its clause, up to a
comma or `but`; what is denied counts half, on the other side. English only: without words that are
known a text has no affect, and nothing is claimed of it.
"""

import math
import re
from collections import Counter

import msgspec

from homeostat.evaluate.emotion.lexicon import LEXICON, NEGATORS, STRENGTHS

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
    nothing is known.
    """

    valence: float
    arousal: float
    distress: float
    found: int


NOTHING = Affect(0.0, 0.0, 0.0, 0)


def affect_of(text: str) -> Affect:
    """Return what a text feels like. Cost: one pass, about 0.5 us a word.

    >>> affect_of("I am so happy!").valence > 0.5 > 0 > affect_of("I am not happy.").valence
    True
    """
    text = text[:CHARS_MAX]
    total = weighed = weights = 0.0
    worst, untouched = 0.0, 1.0
    found = exclaimed = reach = 0
    strength = 1.0
    get = LEXICON.get
    for word in _TOKEN.findall(text.lower().replace("’", "'")):
        feeling = get(word)
        if feeling is not None:
            valence = feeling.valence * strength
            if reach > 0:
                valence *= _DENIED
            total += valence
            weight = abs(valence)
            weighed += weight * feeling.arousal
            weights += weight
            found += 1
            if valence < 0:
                untouched *= 1.0 - _DISTRESS_SHARE * min(-valence / 3.0, 1.0) * feeling.arousal
        if word in NEGATORS:
            reach = _DENIED_REACH + 1
        elif not word[0].isalnum() or word == "but":
            reach = 0
            if not _ENDS.isdisjoint(word):
                worst, untouched = max(worst, 1.0 - untouched), 1.0
                exclaimed += word.count("!")
        reach -= 1
        strength = STRENGTHS.get(word, 1.0)
    glad, sad = signs_of(text)
    if not found + glad + sad:
        return NOTHING
    total += _SIGN_VALENCE * (glad - sad)
    arousal = weighed / weights if weights else 0.3
    return Affect(
        total / math.sqrt(total * total + _SOFTENING),
        min(arousal + min(_EXCLAIMED * exclaimed, _EXCLAIMED_MAX), 1.0),
        max(worst, 1.0 - untouched),
        found + glad + sad,
    )


def signs_of(text: str) -> tuple[int, int]:
    """Return how many glad and how many troubled emoticons and emoji a text has."""
    if text.isascii() and not any(eyes in text for eyes in _EYES):
        return 0, 0
    return len(_GLAD_SIGNS.findall(text)), len(_SAD_SIGNS.findall(text))


def counted(words: Counter[str]) -> tuple[int, int]:
    """Return how many glad and troubled words there are, denied or not."""
    glad = sum(count for word, count in words.items() if word in GLAD)
    return glad, sum(count for word, count in words.items() if word in TROUBLED)
