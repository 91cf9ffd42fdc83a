"""The order: how well one segment follows others, by weights learned from talks.

`order_words.npz` and `order_meaning.npz` hold what `benchmarks/evaluate_coherence_fit.py` learned from
Synthetic-Persona-Chat (CC-BY-4.0, see docs/decisions/0080-coherence.md): traits of a segment that ask for
something after it, against traits of the one that comes next or second next, and what words that are shared
at each distance are worth; with an embedder, how alike they are as well.
"""

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from homeostat.core.embedder import Embedder
from homeostat.evaluate.narrative.reading import Reading, read

Floats = NDArray[np.float32]

START = "start"
"""The trait that stands before the first segment."""

COMMONPLACE = 2.0
"""Words of less rarity (of one in 7 turns and more) tell nothing when they are shared."""

SHARED = 5
"""Numbers that tell what two segments share: `shared` gives them. With vectors their cosine is one more."""

LEARNED_WITH = ("minilm-l6-v2-int8-1", "minilm-l6-v2-float32-1")
"""Models whose cosines the weights know; with another one words alone count."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A segment as it is compared: what each trait after it is worth, next and second next, and its words.

    `follows` are its own traits; the three pairs are stems by rarity, of the whole and of its first and last
    sentence, each with its size.
    """

    next: Floats
    second: Floats
    follows: NDArray[np.intp]
    whole: dict[str, float]
    first: dict[str, float]
    last: dict[str, float]
    sizes: tuple[float, float, float]
    vector: Floats | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """The learned weights; `lags` has a row a distance. `shuffled` and `told` are mean fits a segment.

    `unlikely` is what 1 in 50 segments of the talks learned from falls below.
    """

    leads: dict[str, int]
    follows: dict[str, int]
    next: Floats
    second: Floats
    lags: tuple[tuple[float, ...], ...]
    rarity: dict[str, float]
    rarest: float
    shuffled: float
    told: float
    unlikely: float

    @property
    def reach(self) -> int:
        """How many segments back a segment is held against."""
        return len(self.lags)

    @property
    def embeds(self) -> bool:
        """Whether vectors count."""
        return len(self.lags[0]) > SHARED

    def placed(self, text: str, embedder: Embedder | None = None) -> Placed:
        """Return a segment as it is compared. Cost: some 30 us a sentence, and one embedding.

        Raises EmbedderError where the embedder fails.
        """
        vector = embedder.embed([text])[0] if embedder is not None and self.embeds else None
        return self._of_reading(read(text), vector)

    def _of_reading(self, reading: Reading, vector: Floats | None = None) -> Placed:
        leads = [at for trait in reading.leads if (at := self.leads.get(trait)) is not None]
        follows = [at for trait in reading.follows if (at := self.follows.get(trait)) is not None]
        words = [self._weighed(stems) for stems in (reading.stems, reading.first, reading.last)]
        sizes = [math.sqrt(1.0 + sum(stems.values())) for stems in words]
        return Placed(
            self.next[leads].sum(axis=0),
            self.second[leads].sum(axis=0),
            np.array(follows, np.intp),
            words[0],
            words[1],
            words[2],
            (sizes[0], sizes[1], sizes[2]),
            vector,
        )

    def start(self) -> Placed:
        """Return what stands before the first segment."""
        return self._of_reading(
            Reading(frozenset(), frozenset(), frozenset(), frozenset((START,)), frozenset())
        )

    def ties(self, segments: Sequence[Placed]) -> Floats:
        """Return how well each segment follows each other one at each distance, shape (n, n, reach).

        Cost: some 4 us a pair.
        """
        n = len(segments)
        both = np.zeros((n, n, len(self.lags[0])), np.float32)
        for row, before in enumerate(segments):
            for column, after in enumerate(segments):
                if row != column:
                    found = self._shared(before, after)
                    both[row, column, : len(found)] = found
        follows = np.zeros((n, self.next.shape[1]), np.float32)
        for row, segment in enumerate(segments):
            follows[row, segment.follows] = 1.0
        ties = both @ np.array(self.lags, np.float32).T
        ties[..., 0] += np.stack([segment.next for segment in segments]) @ follows.T
        ties[..., 1] += np.stack([segment.second for segment in segments]) @ follows.T
        return np.asarray(ties)

    def tie(self, before: Placed, after: Placed, back: int) -> float:
        """Return how well `after` follows `before` with `back` segments between them, in log odds."""
        found = float(sum(map(operator.mul, self.lags[back], self._shared(before, after))))
        if back == 0:
            found += float(before.next[after.follows].sum())
        elif back == 1:
            found += float(before.second[after.follows].sum())
        return found

    def _shared(self, before: Placed, after: Placed) -> tuple[float, ...]:
        both = shared(before, after)
        if before.vector is None or after.vector is None:
            return both
        return (*both, float(before.vector @ after.vector))

    def fit(self, before: Iterable[Placed], one: Placed) -> float:
        """Return how well a segment follows those before it, at most `reach`, the last of them first."""
        return sum(self.tie(other, one, back) for back, other in enumerate(before))

    def _weighed(self, stems: frozenset[str]) -> dict[str, float]:
        rarities = {stem: self.rarity.get(stem, self.rarest) - COMMONPLACE for stem in stems}
        return {stem: rarity for stem, rarity in rarities.items() if rarity > 0.0}


def shared(before: Placed, after: Placed) -> tuple[float, float, float, float, float]:
    """Return what two segments share: rare words weigh more, those of long segments less.

    Of both wholes; of the last sentence before and the first after; of the first sentences; of the last
    sentence before and the whole after; of both wholes by the square of the rarity.
    """
    both = before.whole.keys() & after.whole.keys()
    if not both:
        return (0.0, 0.0, 0.0, 0.0, 0.0)
    whole, _, last = before.sizes
    whole_after, first_after, _ = after.sizes
    rarity = after.whole
    to_first = both & after.first.keys()
    to_last = both & before.last.keys()
    return (
        sum(rarity[stem] for stem in both) / (whole * whole_after),
        sum(rarity[stem] for stem in to_first & to_last) / (last * first_after),
        sum(rarity[stem] for stem in to_first) / first_after,
        sum(rarity[stem] for stem in to_last) / last,
        math.log1p(sum(rarity[stem] ** 2 for stem in both)),
    )


def order_for(embedder: Embedder | None) -> Order:
    """Return the weights for what there is: for words and vectors, or for words alone."""
    known = embedder is not None and embedder.model in LEARNED_WITH
    return _learned("order_meaning.npz" if known else "order_words.npz")


@cache
def _learned(table_name: str) -> Order:
    body = files("homeostat.evaluate.narrative").joinpath(table_name).read_bytes()
    with np.load(BytesIO(body), allow_pickle=False) as table:
        scales = table["scales"].tolist()
        levels = table["levels"].tolist()
        return Order(
            leads={str(trait): at for at, trait in enumerate(table["leads"])},
            follows={str(trait): at for at, trait in enumerate(table["follows"])},
            next=table["next"].astype(np.float32) * np.float32(scales[0]),
            second=table["second"].astype(np.float32) * np.float32(scales[1]),
            lags=tuple(map(tuple, table["lags"].tolist())),
            rarity=dict(zip(map(str, table["stems"]), table["rarities"].tolist(), strict=True)),
            rarest=levels[0],
            shuffled=levels[1],
            told=levels[2],
            unlikely=levels[3],
        )
