"""The bandit: gives the turn to the strategy that is likely to do best in this regime."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from homeostat.act.controller import Controller, Situation, Trialled
from homeostat.act.controllers.memory import log_effect
from homeostat.core.change import Change
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.interval import Interval
from homeostat.core.proof import Decision
from homeostat.stats.student import quantile as t_quantile
from homeostat.stats.wilson_interval import wilson_interval

STRATEGY = "strategy"
"""The label that tells which strategy a change came from."""

OTHER_REGIME = 0.25
"""What a trial in another regime counts for."""

GAIN_SUPPOSED = 0.05
"""The improvement that a strategy without any success is supposed to bring when it succeeds, with the weight
of one trial."""


@dataclass(frozen=True, slots=True)
class StrategyStatistics:
    """What became of a strategy's changes in one regime; one row of the table on the page.

    `rate` is the share that was kept, with Wilson's 95% interval. `improvement` is the mean relative gain of
    those that were kept (0.1: a tenth better), with its 95% interval: Student's of several, the proof's own
    of one. Since only what looked good was kept, it is a little too high: by about the error of one trial
    where gains are as small as that.
    """

    strategy: str
    regime: str
    trials: int
    kept: int
    rate: float
    rate_interval: Interval
    improvement: float | None
    improvement_interval: Interval | None
    last_ns: int


@dataclass(frozen=True, slots=True)
class Bandit:
    """Thompson sampling over strategies (Thompson 1933; Russo and others 2018), by regime.

    A strategy is a controller under a name of its own: a ladder, a climb of one knob, anything that proposes.
    For each a success rate is drawn from its Beta posterior and a gain from that of its kept changes; their
    product ranks the strategies. Trials in other regimes count a quarter, old
    ones by `half_life_s`: what stopped working is found out and what is new gets its chance. The draws come
    from `seed` and the situation's time, so one situation has one answer. Dopamine widens the draws;
    with cortisol there are none, and the means rank.

    Guarantee: each strategy is tried again and again as long as it may be the best one; the share of turns of
    a worse one goes to zero in a world that stands still. Cost: some us a trial in the history.
    """

    strategies: Sequence[Controller]
    name: str = "bandit"
    seed: int = 0
    half_life_s: float = 14 * 86_400.0

    def __post_init__(self) -> None:
        names = [strategy.name for strategy in self.strategies]
        if not names or len(set(names)) < len(names):
            raise ConfigError(f"a bandit needs strategies, each with a name of its own, not {names!r}")

    def propose(self, situation: Situation) -> tuple[Change, ...]:
        """Return what the strategies propose, that of the winner of the draw first."""
        rng = np.random.default_rng([self.seed, situation.now_ns])
        explored = situation.endocrine.modulation.exploration
        # Everybody draws, so that one draw does not depend on who else has something to say.
        worth = {s.name: self._worth(s.name, situation, explored, rng) for s in self.strategies}
        said = [(s.name, s.propose(situation)) for s in self.strategies]
        said.sort(key=lambda of: -worth[of[0]])
        return tuple(
            replace(change, labels={**change.labels, STRATEGY: name})
            for name, changes in said
            for change in changes
        )

    def _worth(self, strategy: str, situation: Situation, explored: float, rng: np.random.Generator) -> float:
        kept = lost = gains = squares = 0.0
        for t in situation.history:
            if strategy_of(t) != strategy:
                continue
            age_s = max(0, situation.now_ns - t.proof.end_ns) / SECOND_NS
            weight = 0.5 ** (age_s / self.half_life_s) * (
                1.0 if t.regime == situation.regime else OTHER_REGIME
            )
            if t.proof.decision is Decision.KEEP:
                gain = _gain(t)
                kept, gains, squares = kept + weight, gains + weight * gain, squares + weight * gain**2
            else:
                lost += weight
        mean = (GAIN_SUPPOSED + gains) / (1.0 + kept)
        if explored == 0.0:
            return (1.0 + kept) / (2.0 + kept + lost) * mean
        spread = math.sqrt(max((GAIN_SUPPOSED**2 + squares) / (1.0 + kept) - mean**2, (0.3 * mean) ** 2))
        rate = rng.beta((1.0 + kept) / explored, (1.0 + lost) / explored)
        drawn = mean + explored * spread / math.sqrt(1.0 + kept) * float(rng.standard_normal())
        return float(rate) * max(drawn, 0.1 * GAIN_SUPPOSED)


def strategy_of(trialled: Trialled) -> str:
    """Return the strategy that a trial's change came from: its label, or who proposed it."""
    return trialled.change.labels.get(STRATEGY, trialled.change.by)


def _gain(trialled: Trialled) -> float:
    effect, _ = log_effect(trialled.proof)
    return 0.0 if effect is None else -math.expm1(effect)


def strategy_statistics(
    history: Sequence[Trialled], confidence: float = 0.95
) -> tuple[StrategyStatistics, ...]:
    """Return a row for each strategy and regime that occur, the most successful of a regime first."""
    groups: dict[tuple[str, str], list[Trialled]] = {}
    for t in history:
        groups.setdefault((t.regime, strategy_of(t)), []).append(t)
    rows = [_row(strategy, regime, own, confidence) for (regime, strategy), own in groups.items()]
    return tuple(
        sorted(rows, key=lambda row: (row.regime, -row.rate, -(row.improvement or 0.0), row.strategy))
    )


def _row(strategy: str, regime: str, own: list[Trialled], confidence: float) -> StrategyStatistics:
    kept = [t for t in own if t.proof.decision is Decision.KEEP]
    rate = wilson_interval(len(kept), len(own), confidence)
    assert rate is not None
    gains = [_gain(t) for t in kept if t.proof.effect.estimate is not None]
    return StrategyStatistics(
        strategy,
        regime,
        len(own),
        len(kept),
        len(kept) / len(own),
        rate,
        sum(gains) / len(gains) if gains else None,
        _gain_interval(gains, kept, confidence),
        max(t.proof.end_ns for t in own),
    )


def _gain_interval(gains: list[float], kept: list[Trialled], confidence: float) -> Interval | None:
    if len(gains) > 1:
        mean = sum(gains) / len(gains)
        error = math.sqrt(sum((g - mean) ** 2 for g in gains) / (len(gains) - 1) / len(gains))
        half = t_quantile(0.5 + confidence / 2, len(gains) - 1) * error
        return Interval(mean - half, mean + half, confidence)
    own = [t.proof.effect.interval for t in kept if t.proof.effect.interval is not None]
    return Interval(-own[0].high, -own[0].low, own[0].confidence) if gains and own else None
