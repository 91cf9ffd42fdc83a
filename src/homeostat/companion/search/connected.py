"""Connected: what dreams derived of a person, ready to be searched: links, kinds, common words, what tells.

It finds nothing by itself: it lends to messages, which alone are hits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.dream.integrate import kept
from homeostat.companion.dream.integrate.kept import Head, Page
from homeostat.companion.dream.integrate.kinds import KINDS
from homeostat.companion.dream.integrate.lexicon import Lexicon
from homeostat.companion.nibbles import cosines
from homeostat.companion.search.fusion import Scores, best, z_scored
from homeostat.companion.store.people import Memory

SEEDS = 20
"""So many of the best memories lend to those that they are linked to."""

NEAR_WORDS = 60
"""So many of the person's words that are nearest to a question count."""

OFTEN, OFTEN_SHARE = 10, 0.1
"""Words of more memories, and of a larger share of all, tell none from others."""


@dataclass(slots=True)
class Links:
    """Links in both directions, those of one place beside one another: `to[first[p] : first[p + 1]]`."""

    first: NDArray[np.int64]
    to: NDArray[np.int32]
    weight: Scores

    def spread(self, scores: Scores) -> Scores:
        """Return what the best memories lend to those that belong to them: what is strongest."""
        lent = np.zeros_like(scores)
        seeds = best(scores, SEEDS)
        seeds = seeds[seeds + 1 < len(self.first)]  # others came since
        above = scores[seeds] - scores[seeds].min(initial=np.inf)
        begin, many = self.first[seeds], self.first[seeds + 1] - self.first[seeds]
        of = np.repeat(begin - np.cumsum(many) + many, many) + np.arange(many.sum())
        np.maximum.at(lent, self.to[of], self.weight[of] * np.repeat(above, many))
        return lent


@dataclass(slots=True)
class Words:
    """The common words of a person: `numbers` in the lexicon, and where each is said, one after the other."""

    numbers: NDArray[np.int64]
    first: NDArray[np.int64]
    places: NDArray[np.int32]

    def near(self, lexicon: Lexicon, row: NDArray[np.int8], count: int) -> Scores:
        """Return how much each of `count` memories says of what a question means, by its single words."""
        known = int(np.searchsorted(self.numbers, len(lexicon)))
        if not known:
            return np.zeros(count, np.float32)
        alike = cosines(lexicon.rows[self.numbers[:known]], row)
        nearest = best(alike, NEAR_WORDS)
        begin, many = self.first[nearest], self.first[nearest + 1] - self.first[nearest]
        telling = np.log1p((count - many + 0.5) / (many + 0.5)) * (alike[nearest] - alike[nearest[-1]])
        of = np.repeat(begin - np.cumsum(many) + many, many) + np.arange(many.sum())
        said = np.bincount(self.places[of], np.repeat(telling, many), count).astype(np.float32)
        return z_scored(said, np.ones(count, np.bool_))


class Connected:
    """What was derived up to a stamp, by the places of an index, which may have grown since."""

    def __init__(self, head: Head, page: Page, seqs: NDArray[np.int64]) -> None:
        self.stamp = head.stamp
        self.lexicon = head.lexicon
        self.links = _links(page, seqs)
        self.words = _words(page, seqs)
        self.kinds = np.zeros(len(seqs), np.uint32)
        places, here = _places(page.rows["seq"], seqs)
        self.kinds[places] = page.rows["kinds"][here]
        tells, noted = np.zeros(len(seqs), np.float32), np.zeros(len(seqs), np.bool_)
        tells[places], noted[places] = page.rows["tells"][here], True
        self.tells = z_scored(tells, noted)
        """By how many standard deviations each tells more than the mean; 0 for what came since."""
        self.said = np.zeros(len(seqs), np.uint64)
        """The number of what each says, the same for those of the same words; 0 where they are few."""
        self.said[places] = page.rows["words"][here]

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        arrays = (*_arrays(self.links), *_arrays(self.words), self.kinds, self.tells, self.said)
        return sum(array.nbytes for array in arrays)

    def of_kind(self, asked: int, count: int) -> Scores:
        """Return what each of `count` memories gains that names something of a kind that is asked for."""
        gained = np.zeros(count, np.float32)
        known = gained[: len(self.kinds)]
        for number in range(KINDS):
            if asked >> number & 1:
                has = (self.kinds >> np.uint32(number) & np.uint32(1)).astype(np.float32)
                np.maximum(known, has * np.float32(max(np.log(len(has) / (1 + has.sum())), 0)), out=known)
        return gained

    def telling(self, count: int) -> Scores:
        """Return how much each of `count` memories tells."""
        return np.concatenate((self.tells, np.zeros(count - len(self.tells), np.float32)))

    def distinct(self, places: NDArray[np.intp], k: int) -> NDArray[np.intp]:
        """Return the first `k` of places, of those that say the same in the same words the first alone."""
        chosen: dict[int, int] = {}
        for place in places.tolist():
            said = int(self.said[place]) if place < len(self.said) else 0
            chosen.setdefault(said or -1 - place, place)
        return np.array(list(chosen.values())[:k], np.intp)


def connected(memory: Memory, seqs: NDArray[np.int64], before: Connected | None) -> Connected | None:
    """Return what is derived of a person now, `before` where that is still so; None where nothing is."""
    head: Head = kept.head_of(memory)
    if not head.stamp:
        return None
    if before is not None and before.stamp == head.stamp:
        return before
    return Connected(head, kept.whole(memory, head), seqs)


def _places(
    given: NDArray[np.integer], seqs: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the places of those that are here, and which are."""
    places = np.searchsorted(seqs, given)
    here = places < len(seqs)
    here[here] = seqs[places[here]] == given[here]
    return places[here], here


def _links(page: Page, seqs: NDArray[np.int64]) -> Links:
    _, later_here = _places(page.linked["later"], seqs)
    _, earlier_here = _places(page.linked["earlier"], seqs)
    linked = page.linked[later_here & earlier_here]
    later, _ = _places(linked["later"], seqs)
    earlier, _ = _places(linked["earlier"], seqs)
    at, to = np.concatenate((later, earlier)), np.concatenate((earlier, later))
    order = np.argsort(at, kind="stable")
    weight = np.concatenate((linked["weight"], linked["weight"]))[order].astype(np.float32)
    return Links(_firsts(at, len(seqs)), to[order].astype(np.int32), weight)


def _words(page: Page, seqs: NDArray[np.int64]) -> Words:
    places, here = _places(page.worded["seq"], seqs)
    words = page.worded["word"][here].astype(np.int64)
    seldom = np.bincount(words)[words] <= max(OFTEN, len(seqs) * OFTEN_SHARE)
    words, places = words[seldom], places[seldom]
    order = np.argsort(words, kind="stable")
    numbers, counts = np.unique(words, return_counts=True)
    return Words(numbers, np.concatenate(([0], np.cumsum(counts))), places[order].astype(np.int32))


def _firsts(at: NDArray[np.intp], count: int) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(np.bincount(at, minlength=count)))).astype(np.int64)


def _arrays(of: Links | Words) -> list[NDArray[np.generic]]:
    return [getattr(of, name) for name in of.__slots__]
