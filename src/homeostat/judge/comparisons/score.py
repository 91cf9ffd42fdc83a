"""The score: all proven changes in one number, that shows how it is made up."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

RATIO_MAX = 10.0
"""One metric counts as at most ten times better or worse."""


@dataclass(frozen=True, slots=True)
class Part:
    """One statistic. `ratio` above 1 is better than the baseline; None where nothing is proven."""

    metric: str
    title: str
    counts: bool
    ratio: float | None
    outcome: str


@dataclass(frozen=True, slots=True)
class ScorePart:
    """What one statistic adds: `weight` is its share of the score, `factor` what it multiplies it by."""

    title: str
    weight: float
    ratio: float | None
    factor: float
    outcome: str


@dataclass(frozen=True, slots=True)
class Score:
    """The candidate beside the baseline, which is 100; higher is better. None where no direction is known."""

    value: float | None
    words: str
    parts: tuple[ScorePart, ...]


def score_of(parts: Sequence[Part]) -> Score:
    """Return the weighted geometric mean of the ratios, in percent (Fleming and Wallace, CACM 29, 1986).

    Each metric has the same weight, shared by its statistics and series. What is not proven, or does not
    matter, counts as unchanged; a metric without a direction does not count.

    >>> score_of([Part("a", "a mean", True, 0.5, "worse"), Part("b", "b mean", True, None, "same")]).words
    '70.7 (baseline 100): a mean x 0.707, 1 unchanged'
    """
    counted = [p for p in parts if p.counts]
    if not counted:
        return Score(None, "no score: which way the metrics improve is not known", ())
    sharing = Counter(p.metric for p in counted)
    made = []
    total = 0.0
    for part in counted:
        weight = 1.0 / len(sharing) / sharing[part.metric]
        log = weight * math.log(min(max(part.ratio, 1 / RATIO_MAX), RATIO_MAX)) if part.ratio else 0.0
        total += log
        made.append(ScorePart(part.title, weight, part.ratio, math.exp(log), part.outcome))
    made.sort(key=lambda m: (-abs(math.log(m.factor)), m.title))
    moved = [f"{m.title} x {m.factor:.3g}" for m in made if m.factor != 1.0]
    still = len(made) - len(moved)
    said = [*moved[:4], *([f"{len(moved) - 4} more"] if len(moved) > 4 else [])]
    said += [f"{still} unchanged"] if still else []
    value = 100.0 * math.exp(total)
    return Score(value, f"{value:.1f} (baseline 100): {', '.join(said)}", tuple(made))
