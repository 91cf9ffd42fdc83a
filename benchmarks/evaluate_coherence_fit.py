"""Learn how turns follow one another: `python -m benchmarks.evaluate_coherence_fit DATA`.

From the 1,000 talks of Synthetic-Persona-Chat (Jandaghi et al., CC-BY-4.0), without their speakers. For each
turn of a talk, all its places are candidates, of which its own should be the likeliest (conditional logit);
for each pair of neighbours, their order should be likelier than the other one. Adam, with a ridge.
"""

import csv
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from homeostat.evaluate.narrative.global_coherence import all_places
from homeostat.evaluate.narrative.order import COMMONPLACE, SHARED, START
from homeostat.evaluate.narrative.reading import Reading, read
from homeostat.runtime.embed.minilm import MiniLm
from homeostat.testing.bare_host import BareHost

Floats = NDArray[np.float32]
Talk = tuple[Floats, Floats, Floats]
"""Of the start and each turn: traits that lead, traits that follow; and what each two turns share."""

TURNS = (6, 40)
SEEN_MIN = 120
"""A trait that fewer turns have is left out, so is a word that fewer than 20 have."""

STEM_SEEN_MIN = 20
REACH = 6
RIDGE = 0.1
"""The best of .0001 to .1 on the first two talks of LoCoMo; the others rank them alike."""

PASSES = 3
BATCH = 10
RATE = 0.02
HELD_OUT = 150
COSINE_WORTH = 3.0
"""Cosines are so many times larger while weights are learned: about as wide as the other numbers."""

SEED = 0


_SPEAKER = re.compile(r"^User ([12]): ?")


def chats(data: Path) -> list[list[str]]:
    """Return the rows of the set: both profiles and the talk."""
    path = data / "persona" / "synthetic_persona_chat_valid.csv"
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8", newline="") as rows:
        next(rows)
        return list(csv.reader(rows))


def profiles(data: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Yield of each person of each talk the lines of the profile, and what they said."""
    for *lines, talk in chats(data):
        for number, profile in enumerate(lines, 1):
            said = [_SPEAKER.sub("", turn) for turn in talk.split("\n") if turn.startswith(f"User {number}:")]
            if said:
                yield profile.split("\n"), said


def persona(data: Path) -> list[list[str]]:
    """Return the turns of each talk, in random order of the talks."""
    talks = [
        [turn for line in row[2].split("\n") if (turn := _SPEAKER.sub("", line).strip())]
        for row in chats(data)
    ]
    talks = [talk[: TURNS[1]] for talk in talks if len(talk) >= TURNS[0]]
    return [talks[i] for i in np.random.default_rng(SEED).permutation(len(talks))]


@dataclass(frozen=True)
class Words:
    """What is counted before anything is learned: the traits that are kept, and how rare stems are."""

    leads: dict[str, int]
    follows: dict[str, int]
    rarity: dict[str, float]
    rarest: float

    @classmethod
    def of(cls, talks: list[list[Reading]]) -> "Words":
        """Count the traits and stems of all turns."""
        turns = [turn for talk in talks for turn in talk]
        stems = Counter(stem for turn in turns for stem in turn.stems)
        n = len(turns) + 1
        return cls(
            _kept(Counter(trait for turn in turns for trait in turn.leads), START),
            _kept(Counter(trait for turn in turns for trait in turn.follows)),
            {s: round(math.log(n / (c + 0.5)), 2) for s, c in stems.items() if c >= STEM_SEEN_MIN},
            round(math.log(n / 10), 2),
        )


def _kept(counts: Counter[str], *first: str) -> dict[str, int]:
    kept = (*first, *sorted(trait for trait, count in counts.items() if count >= SEEN_MIN))
    return {trait: at for at, trait in enumerate(kept)}


def talk_of(turns: list[Reading], words: Words, vectors: Floats | None = None) -> Talk:
    """Return a talk as numbers, with the cosines of its turns where there are vectors; row 0 is the start."""
    n = len(turns)
    leads, follows = (np.zeros((n + 1, len(k)), np.float32) for k in (words.leads, words.follows))
    leads[0, words.leads[START]] = 1
    for row, turn in enumerate(turns, 1):
        leads[row, [words.leads[t] for t in turn.leads if t in words.leads]] = 1
        follows[row, [words.follows[t] for t in turn.follows if t in words.follows]] = 1
    shared = _shared(turns, words)
    if vectors is not None:
        cosines = np.zeros((n + 1, n + 1, 1), np.float32)
        cosines[1:, 1:, 0] = vectors @ vectors.T
        shared = np.concatenate((shared, COSINE_WORTH * cosines), axis=2)
    return leads, follows, shared


def _shared(turns: list[Reading], words: Words) -> Floats:
    """Return for each two turns what `order.shared` gives, by matrices."""
    stems = {s: i for i, s in enumerate(sorted({s for turn in turns for s in turn.stems}))}
    rarity = np.array([max(words.rarity.get(s, words.rarest) - COMMONPLACE, 0) for s in stems], np.float32)

    def said(of: str) -> Floats:
        table = np.zeros((len(turns) + 1, len(stems)), np.float32)
        for row, turn in enumerate(turns, 1):
            table[row, [stems[s] for s in getattr(turn, of)]] = 1
        return table

    whole, first, last = said("stems"), said("first"), said("last")
    sizes = [np.sqrt(1 + t @ rarity) for t in (whole, first, last)]
    return np.stack(
        [
            (whole * rarity) @ whole.T / sizes[0][:, None] / sizes[0],
            (last * rarity) @ first.T / sizes[2][:, None] / sizes[1],
            (whole * rarity) @ first.T / sizes[1],
            (last * rarity) @ whole.T / sizes[2][:, None],
            np.log1p((whole * rarity**2) @ whole.T),
        ],
        axis=-1,
    ).astype(np.float32)


@dataclass
class Weights:
    """What is learned: traits against traits, next and second next, and what is shared, by distance."""

    next: Floats
    second: Floats
    lags: Floats
    allowed: Floats
    moments: list[list[Floats]] = field(default_factory=list)
    steps: int = 0

    @classmethod
    def nothing(cls, words: Words, shared: int) -> "Weights":
        """Return weights of zero; single words count for the next turn only."""
        size = (len(words.leads), len(words.follows))
        rows = np.array([not t.startswith("w:") for t in words.leads], np.float32)
        columns = np.array([t[:2] not in ("w:", "b:") for t in words.follows], np.float32)
        made = [np.zeros(size, np.float32), np.zeros(size, np.float32), np.zeros((REACH, shared), np.float32)]
        return cls(made[0], made[1], made[2], rows[:, None] * columns, [[0 * m, 0 * m] for m in made])

    def ties(self, talk: Talk) -> list[Floats]:
        """Return how well each turn follows each other one, by distance."""
        leads, follows, shared = talk
        found = [np.asarray(shared @ lag) for lag in self.lags]
        found[0] = found[0] + leads @ self.next @ follows.T
        found[1] = found[1] + leads @ self.second @ follows.T
        return found

    def fits(self, talk: Talk) -> Floats:
        """Return how well each turn fits at each place: the sum of all ties of that order."""
        n = len(talk[0]) - 1
        order, ties = all_places(n), self.ties(talk)
        return np.asarray(
            sum(ties[k][order[..., : -k - 1], order[..., k + 1 :]].sum(-1) for k in range(min(REACH, n)))
        )

    def learn(self, talks: list[Talk], rate: float) -> None:
        """Take one step."""
        slopes = [np.zeros_like(self.next), np.zeros_like(self.second), np.zeros_like(self.lags)]
        turns = 0
        for talk in talks:
            leads, follows, shared = talk
            n = len(leads) - 1
            wrong = _wrong(self.fits(talk))
            places = all_places(n).astype(np.int64)
            turns += n
            for k in range(min(REACH, n)):
                pairs = places[..., : -k - 1] * (n + 1) + places[..., k + 1 :]
                weight = np.broadcast_to(wrong[..., None], pairs.shape)
                by_pair = np.bincount(pairs.ravel(), weight.ravel(), (n + 1) ** 2)
                slope = by_pair.reshape(n + 1, n + 1).astype(np.float32)
                slopes[2][k] += np.tensordot(slope, shared, 2)
                if k < 2:
                    slopes[k] += leads.T @ (slope @ follows)
        slopes = [np.asarray(slope / turns, np.float32) for slope in slopes]
        slopes[0] += RIDGE * self.next
        slopes[1] = (slopes[1] + RIDGE * self.second) * self.allowed
        self._step(slopes, rate)

    def _step(self, slopes: list[Floats], rate: float) -> None:
        self.steps += 1
        weights = (self.next, self.second, self.lags)
        for weight, slope, moment in zip(weights, slopes, self.moments, strict=True):
            moment[0] = 0.9 * moment[0] + 0.1 * slope
            moment[1] = 0.99 * moment[1] + 0.01 * slope**2
            along = moment[0] / (1 - 0.9**self.steps)
            weight -= rate * along / (np.sqrt(moment[1] / (1 - 0.99**self.steps)) + 1e-6)


def _wrong(fits: Floats) -> Floats:
    """Return by how much each order should be less likely: of places by softmax, of neighbours by pairs."""
    n = len(fits)
    at = np.arange(n)
    likely = np.exp(fits - fits.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    likely[at, at] -= 1
    left = at[:-1]
    gain = np.clip(fits[left, left] - fits[left, left + 1], -30, 30)
    likely[left, left + 1] += 1 / (1 + np.exp(gain))
    likely[left, left] -= 1 / (1 + np.exp(gain))
    return np.asarray(likely, np.float32)


def found(weights: Weights, talks: list[Talk]) -> tuple[float, float]:
    """Return how often a swap of neighbours fits less well, and how often a turn fits best where it was."""
    swaps, places = [], []
    for talk in talks:
        fits = weights.fits(talk)
        at = np.arange(len(fits))
        swaps.append(fits[at[:-1], at[:-1]] > fits[at[:-1], at[:-1] + 1])
        places.append(fits.argmax(axis=1) == at)
    return float(np.concatenate(swaps).mean()), float(np.concatenate(places).mean())


def _levels(weights: Weights, talks: list[Talk]) -> tuple[float, float, float]:
    """Return the mean fit of shuffled turns, of turns as told (the median), and what 1 in 50 is below."""
    rng = np.random.default_rng(SEED)
    told: list[float] = []
    shuffled: list[float] = []
    single = []
    for talk in talks:
        ties = weights.ties(talk)
        n = len(talk[0]) - 1
        for order, into in ((np.arange(n + 1), told), (np.append(0, 1 + rng.permutation(n)), shuffled)):
            each = np.zeros(n)
            for k in range(min(REACH, n)):
                each[k:] += ties[k][order[: -k - 1], order[k + 1 :]]
            into.append(float(each.mean()))
            if into is told:
                single.append(each)
    rare = np.quantile(np.concatenate(single), 0.02)
    return float(np.mean(shuffled)), float(np.median(told)), float(rare)


def learn(readings: list[list[Reading]], vectors: list[Floats] | None, name: str) -> None:
    """Learn, print what is found on held out talks, and write the weights."""
    words = Words.of(readings)
    talks = [talk_of(talk, words, None if vectors is None else vectors[i]) for i, talk in enumerate(readings)]
    held, told = talks[:HELD_OUT], talks[HELD_OUT:]
    weights = Weights.nothing(words, SHARED + (vectors is not None))
    rng = np.random.default_rng(SEED)
    starts = range(0, len(told), BATCH)
    total = PASSES * len(starts)
    for _ in range(PASSES):
        order = rng.permutation(len(told))
        for start in starts:
            weights.learn([told[i] for i in order[start : start + BATCH]], RATE * (1 - weights.steps / total))
    print(name, "held out: swaps found {:.3f}, place found {:.3f}".format(*found(weights, held)))
    levels = _levels(weights, held)
    print("shuffled {:.3f}, told {:.3f}, 1 in 50 below {:.3f}".format(*levels))
    scales = [float(np.abs(table).max()) / 127 for table in (weights.next, weights.second)]
    lags = weights.lags.copy()
    lags[:, SHARED:] *= COSINE_WORTH
    path = Path(str(files("homeostat.evaluate.narrative").joinpath(f"{name}.npz")))
    np.savez_compressed(
        path,
        leads=np.array(list(words.leads)),
        follows=np.array(list(words.follows)),
        next=np.round(weights.next / scales[0]).astype(np.int8),
        second=np.round(weights.second / scales[1]).astype(np.int8),
        lags=lags,
        stems=np.array(list(words.rarity)),
        rarities=np.array(list(words.rarity.values()), np.float32),
        scales=np.array(scales),
        levels=np.array((words.rarest, *levels)),
    )
    print(f"{path.stat().st_size:,} bytes")


def main() -> None:
    """Learn for words alone, and for words with MiniLM's vectors: some two minutes."""
    talks = persona(Path(sys.argv[1]))
    readings = [[read(turn) for turn in talk] for talk in talks]
    learn(readings, None, "order_words")
    embedder = MiniLm(BareHost())
    learn(readings, [embedder.embed(talk) for talk in talks], "order_meaning")


if __name__ == "__main__":
    main()
