"""Acts: what a turn does, by its signs and some English words; of other languages only the signs count."""

import math
import re
from dataclasses import dataclass

_GREETS = re.compile(
    r"\b(hey|hi|hello|long time|good to (see|hear)|how('ve| have) you been|what's (up|new))\b", re.IGNORECASE
)
_THANKS = re.compile(r"\b(thanks|thank you|appreciate)\b", re.IGNORECASE)
_PRAISES = re.compile(
    r"\b(wow|awesome|amazing|great|cool|nice|congrats|congratulations|proud|love|impressive|sounds|wonderful"
    r"|fantastic|gorgeous|beautiful|cute)\b",
    re.IGNORECASE,
)
_OF_SELF = re.compile(r"\b(i|i'm|my|me|i've)\b", re.IGNORECASE)
_OF_OTHER = re.compile(r"\b(you|your|you're)\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Acts:
    """What a turn does, each 0 or 1, and the logarithm of one more than its number of words."""

    greets: float
    thanks: float
    praises: float
    of_self: float
    of_other: float
    asks: float
    length: float


NO_ACTS = Acts(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def acts(text: str) -> Acts:
    """Return what a turn does.

    >>> acts("Thanks! How was yours?").asks
    1.0
    """
    text = text.strip().replace("\u2019", "'")
    greets, thanks, praises, of_self, of_other = (
        float(bool(sign.search(text))) for sign in (_GREETS, _THANKS, _PRAISES, _OF_SELF, _OF_OTHER)
    )
    length = math.log1p(len(_WORD.findall(text)))
    asks = float(text.endswith(("?", "\u061f", "\uff1f")))
    return Acts(greets, thanks, praises, of_self, of_other, asks, length)
