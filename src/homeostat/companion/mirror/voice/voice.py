"""The voice of an author: counts that grow with each message and can be compared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.mirror.voice import grams as char_grams
from homeostat.companion.mirror.voice import habits
from homeostat.companion.mirror.voice.plain import WORD
from homeostat.evaluate.function_words import VOCABULARY


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted in some messages; `words` holds words in small letters, of `total` words in all."""

    messages: int
    grams: NDArray[np.int64]
    habits: NDArray[np.float64]
    words: Counter[str]
    total: int


def count(texts: Sequence[str]) -> Counted:
    """Count the texts, as `plain` gives them; together they count what they count one by one."""
    texts = [text.replace("\n", " ") for text in texts]
    points, breaks = char_grams.code_points(texts)
    words = Counter(WORD.findall("\n".join(texts).lower()))
    grams = char_grams.grams(points, breaks)
    return Counted(len(texts), grams, habits.habits(texts, points, breaks), words, words.total())


def vocabulary_counts(words: Counter[str]) -> NDArray[np.int64]:
    """Return how often each function word and form occurs, in the order of `VOCABULARY`."""
    return np.array([words[word] for word in VOCABULARY], np.int64)
