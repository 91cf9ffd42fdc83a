"""The pairs: scores that two evaluators gave to the same texts, and how far they agree."""

import threading
from collections import deque
from collections.abc import Mapping

from homeostat.stats.agreement import Agreement, cohen_kappa, krippendorff_alpha
from homeostat.stats.not_known import NotKnown

PAIRS_MAX = 1_000
"""Latest pairs that count, of two evaluators."""

EVERY = 20
"""Pairs from one working out to the next: it takes some 20 ms."""

FLAGGED_BELOW = 0.5
"""A score below it is a verdict against the text, where verdicts are compared."""


class Pairs:
    """Scores in pairs, numbers only. Any thread may add."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pairs: dict[tuple[str, str], deque[tuple[float, float]]] = {}
        self._seen: dict[tuple[str, str], int] = {}

    def add(self, evaluator: str, beside: str, value: float, other: float) -> bool:
        """Take one pair; True where it is time to look."""
        key = (evaluator, beside)
        with self._lock:
            self._pairs.setdefault(key, deque(maxlen=PAIRS_MAX)).append((value, other))
            self._seen[key] = self._seen.get(key, 0) + 1
            return self._seen[key] % EVERY == 0

    def agreement(self, evaluator: str, beside: str) -> Mapping[str, Agreement | NotKnown]:
        """Return Krippendorff's alpha of the scores, and Cohen's kappa of what is flagged."""
        import numpy as np

        with self._lock:
            pairs = list(self._pairs.get((evaluator, beside), ()))
        first, second = [a for a, _ in pairs], [b for _, b in pairs]
        rng = np.random.default_rng(len(pairs))
        return {
            "alpha": krippendorff_alpha(first, second, rng),
            "kappa": cohen_kappa(
                [a < FLAGGED_BELOW for a in first], [b < FLAGGED_BELOW for b in second], rng
            ),
        }
