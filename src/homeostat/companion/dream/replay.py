"""The replay: which memories a dream is made of, and why each of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.dream.features import ANSWERED, AROUSAL, ASKS, OWN, PLANS, VALENCE, Features
from homeostat.companion.dream.scene import Reason
from homeostat.evaluate.emotion.distress import BOUND

Floats = NDArray[np.float64]
Chosen = dict[int, dict[Reason, float]]
"""Seqs, and how much each reason speaks for them, 0 to 1; only reasons that do."""

DAY_US = 86_400_000_000
RECENT = 40.0
"""After so many messages more, a memory is recent by 1/e."""

OPEN_DAYS = 180.0
"""A question or plan that stays open loses its weight with the days, down to a fifth."""

OPEN_LEAST = 0.2
WORDS_MIN = 3
WEIGHT_MIN = 0.05


@dataclass(frozen=True, slots=True)
class Weighing:
    """What memories are weighed by, beside what was learned of each.

    `present` says how present memories are, by seqs and strengths (0 to 1), as the palace knows it;
    `dreamt` are the seqs of which was dreamed lately.
    """

    now_us: int
    present: tuple[NDArray[np.int64], Floats] | None = None
    dreamt: Collection[int] = ()


def weighed(features: Features, weighing: Weighing) -> dict[Reason, Floats]:
    """Return how much each reason speaks for each row; what is too dark to be told has none."""
    rows = features.rows
    n = len(rows)
    if n == 0:
        return {}
    places = np.arange(n)
    flags = rows["flags"]
    own = (flags & OWN) > 0
    age_days = np.maximum(weighing.now_us - rows["at_us"], 0) / DAY_US
    still = OPEN_LEAST + (1.0 - OPEN_LEAST) * np.exp(-age_days / OPEN_DAYS)
    asked = ((flags & ASKS) > 0) & ((flags & ANSWERED) == 0) & own
    planned = ((flags & PLANS) > 0) & own
    valence = np.abs(rows["valence"].astype(np.float64)) / VALENCE
    arousal = rows["arousal"].astype(np.float64) / AROUSAL
    bearable = rows["distress"] <= BOUND.intensity_max * AROUSAL
    strength = np.zeros(n)
    if weighing.present is not None:
        strength = _aligned(rows["seq"].astype(np.int64), *weighing.present)
    found = {
        Reason.RECENT: np.exp(-(n - 1 - places) / RECENT),
        Reason.STRONG: strength,
        Reason.EMOTIONAL: np.sqrt(valence * arousal),
        Reason.UNRESOLVED: np.maximum(asked * 1.0, planned * 0.6) * still,
        Reason.UNSEEN: (1.0 - places / n) * (1.0 - strength) * own if n > 1 else np.zeros(n),
    }
    says = (rows["words"] >= WORDS_MIN) & bearable
    return {reason: weights * says for reason, weights in found.items()}


def pooled(
    features: Features,
    weights: Mapping[Reason, Floats],
    weighing: Weighing,
    count: int,
    novelty: float,
    temperature: float,
    rng: np.random.Generator,
) -> Chosen:
    """Return about `count` rows by their seqs: of each reason the same number, of the unseen by `novelty`.

    `temperature` is how much chance has to do with it (Gumbel's noise on the logarithms: a sample without
    putting back); 0 takes the highest. What was dreamed of lately comes the less the higher `novelty` is.
    """
    seqs = features.rows["seq"]
    fresh = np.where(np.isin(seqs, list(weighing.dreamt)), 1.0 - novelty, 1.0)
    chosen: Chosen = {}
    for reason, weight in weights.items():
        share = 0.5 + novelty if reason is Reason.UNSEEN else 1.0
        most = max(round(count * share / len(weights)), 1)
        there = np.flatnonzero(weight * fresh > WEIGHT_MIN)
        if not len(there):
            continue
        logs = np.log(weight[there] * fresh[there])
        logs = logs + temperature * rng.gumbel(size=len(there))
        best = there[np.argsort(-logs, kind="stable")[:most]]
        for place in best.tolist():
            chosen.setdefault(int(seqs[place]), {})
    place_of = np.searchsorted(seqs, list(chosen)) if chosen else ()
    for seq, place in zip(chosen, place_of, strict=True):
        speaking = {reason: round(float(weight[place]), 3) for reason, weight in weights.items()}
        chosen[seq] = {reason: value for reason, value in speaking.items() if value > WEIGHT_MIN}
    return chosen


def narrowed(chosen: Chosen, order: Sequence[int], count: int) -> Chosen:
    """Return `count` of those that are left in `order`, each reason in turn giving its best."""
    left = [seq for seq in order if seq in chosen]
    if len(left) <= count:
        return {seq: chosen[seq] for seq in left}
    best = {
        reason: sorted((s for s in left if reason in chosen[s]), key=lambda s: -chosen[s][reason])
        for reason in Reason
    }
    taken: Chosen = {}
    while len(taken) < count and any(best.values()):
        for waiting in best.values():
            while waiting and waiting[0] in taken:
                waiting.pop(0)
            if waiting and len(taken) < count:
                seq = waiting.pop(0)
                taken[seq] = chosen[seq]
    return taken


def _aligned(seqs: NDArray[np.int64], known: NDArray[np.int64], strength: Floats) -> Floats:
    """Return the strength of each of `seqs`, 0 for those that are not among `known` (ascending)."""
    if not len(known):
        return np.zeros(len(seqs))
    at = np.searchsorted(known, seqs).clip(max=len(known) - 1)
    return np.where(known[at] == seqs, strength[at], 0.0)
