"""The voice of an author: counts that grow with each message and can be compared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.mirror.voice import grams as char_grams
from homeostat.companion.mirror.voice import habits
from homeostat.companion.mirror.voice.function_words import VOCABULARY
from homeostat.companion.mirror.voice.plain import WORD

PLACES = {word: at for at, word in enumerate(VOCABULARY)}


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted in some messages; `words` holds every word as it was written in small letters."""

    messages: int
    grams: NDArray[np.int64]
    habits: NDArray[np.float64]
    words: Counter[str]


def count(texts: Sequence[str]) -> Counted:
    """Count the texts, as `plain` gives them; together they count what they count one by one."""
    texts = [text.replace("\n", " ") for text in texts]
    points, breaks = char_grams.code_points(texts)
    words = Counter(WORD.findall("\n".join(texts).lower()))
    return Counted(len(texts), char_grams.grams(points, breaks), habits.habits(texts, points, breaks), words)


def vocabulary_counts(words: Counter[str]) -> NDArray[np.int64]:
    """Return how often each function word and form occurs, in the order of `VOCABULARY`."""
    return np.array([words[word] for word in VOCABULARY], np.int64)
