"""BM25: which texts answer a question best, by the words that they share (Robertson and Zaragoza 2009)."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by can do does for from get has have how i if in into is it its me my of on "
        "or s that the their them then there this to use using want was what when where which who why will "
        "with you your python way best one two should",
    )
)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def terms(text: str) -> list[str]:
    """Return the words of a text that count, in a common form; names fall into their parts.

    >>> terms("How do I use ThreadPoolExecutor.map with parsed files?")
    ['thread', 'pool', 'executor', 'map', 'pars', 'fil']
    """
    return [stem(word) for word in map(str.lower, _WORD.findall(text)) if word not in STOP_WORDS]


def stem(word: str) -> str:
    """Cut the commonest endings off a word.

    >>> [stem(w) for w in ("parses", "parsing", "parse", "class", "ties")]
    ['pars', 'pars', 'pars', 'class', 'tie']
    """
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    for ending in ("ing", "ed", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


class Bm25:
    """An index over texts. Cost of a search: the postings of the question's words."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(terms(text)) for text in texts]
        lengths = np.array([count.total() for count in counts], dtype=np.float64)
        self._size = len(texts)
        self._norm = K1 * (1.0 - B + B * lengths / max(float(lengths.mean()), 1.0)) if texts else lengths
        places: dict[str, tuple[list[int], list[int]]] = {}
        for number, count in enumerate(counts):
            for term, often in count.items():
                numbers, times = places.setdefault(term, ([], []))
                numbers.append(number)
                times.append(often)
        self._postings: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {
            term: (np.array(numbers, dtype=np.int64), np.array(times, dtype=np.float64))
            for term, (numbers, times) in places.items()
        }

    def __len__(self) -> int:
        return self._size

    def search(self, question: str, limit: int) -> list[tuple[int, float]]:
        """Return the numbers of the best texts with their scores, best first; none that shares no word."""
        scores = np.zeros(self._size)
        for term in set(terms(question)):
            if term in self._postings:
                numbers, times = self._postings[term]
                rarity = np.log1p((self._size - numbers.size + 0.5) / (numbers.size + 0.5))
                scores[numbers] += rarity * times * (K1 + 1.0) / (times + self._norm[numbers])
        best = np.argsort(-scores, kind="stable")[:limit]
        return [(int(n), float(scores[n])) for n in best if scores[n] > 0.0]
