"""Names of rooms: the words that are said there and hardly elsewhere, out of the person's own mouth."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set

WORDS = 3


def named(
    said: Mapping[int, Sequence[Mapping[str, float]]],
    never: Set[str] = frozenset(),
    once: Set[str] = frozenset(),
) -> dict[int, tuple[str, ...]]:
    """Return up to `WORDS` words for each room, the most telling first; none where nothing tells it apart.

    `said` are the weights of words by locus, for each room; `never` are words that name no room, `once`
    those that were said once and name one only where no other word is left. A word's score is its weight in
    the room times the share of all its weight that is there: class-based TF-IDF (Grootendorst 2022) with the
    share in place of the logarithm.
    """
    rooms = {room: _sum(loci, never) for room, loci in said.items()}
    total: Counter[str] = Counter()
    for weights in rooms.values():
        total.update(weights)

    def telling(word: str, weight: float) -> tuple[bool, float, str]:
        return word in once, -(weight**2) / total[word], word

    return {
        room: tuple(sorted(weights, key=lambda word: telling(word, weights[word]))[:WORDS])
        for room, weights in rooms.items()
    }


def _sum(loci: Sequence[Mapping[str, float]], never: Set[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for weights in loci:
        found.update({word: weight for word, weight in weights.items() if word not in never})
    return found
