"""The bandit: the strategy that works gets the turns, by regime, and again when that changes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from homeostat.act.controller import Situation
from homeostat.act.controllers.bandit import Bandit, strategy_of, strategy_statistics
from homeostat.act.endocrine import Endocrine
from homeostat.core.change import Change, Move
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Integers, Knob
from homeostat.testing.situations import after_trial, later, situation

KNOBS = (Knob("x", 5, Integers(0, 10)),)


@dataclass(frozen=True)
class Always:
    """Proposes one thing."""

    name: str

    def propose(self, at: Situation) -> tuple[Change, ...]:
        now = at.configuration["x"]
        return (Change((Move("x", now, 6 if now != 6 else 5),), self.name, "always"),)


@dataclass(frozen=True)
class Silent:
    name: str = "silent"

    def propose(self, at: Situation) -> tuple[Change, ...]:
        return ()


BANDIT = Bandit((Always("good"), Always("poor"), Always("bad"), Silent()))
RATES = {"good": 0.7, "poor": 0.4, "bad": 0.1}


def turns(
    at: Situation, rates: Callable[[str, int], float], times: int, seed: int, seconds: float = 600.0
) -> tuple[Situation, list[str]]:
    rng, chosen = np.random.default_rng(seed), []
    for k in range(times):
        change = BANDIT.propose(at)[0]
        strategy = change.labels["strategy"]
        chosen.append(strategy)
        at = after_trial(at, change, kept=rng.random() < rates(strategy, k), gain=0.1, seconds=seconds)
    return at, chosen


def test_the_best_strategy_gets_most_turns_where_chance_would_give_a_third() -> None:
    shares = []
    for seed in range(12):
        at = situation(KNOBS, now_ns=seed + 1)
        _, chosen = turns(at, lambda s, _: RATES[s], 60, seed)
        shares.append(Counter(chosen[20:])["good"] / 40)
    assert np.mean(shares) > 0.6


def test_gains_count_besides_the_rate_of_success() -> None:
    at = situation(KNOBS)
    for kept in (True, False) * 10:
        at = after_trial(at, Change((Move("x", 5, 6),), "good", "w"), kept=kept, gain=0.02)
        at = after_trial(at, Change((Move("x", 5, 6),), "poor", "w"), kept=kept, gain=0.3)
    first = [BANDIT.propose(later(at, float(k)))[0].labels["strategy"] for k in range(50)]
    assert first.count("poor") >= 40


def test_what_stopped_working_is_found_out() -> None:
    turned = 40
    late = []
    for seed in range(8):
        at = situation(KNOBS, now_ns=seed + 1)
        _, chosen = turns(
            at, lambda s, k: 0.8 if s == ("good" if k < turned else "bad") else 0.05, 120, seed, 12 * 3_600.0
        )
        late += chosen[90:]
    assert Counter(late)["bad"] > len(late) / 2


def test_each_regime_learns_for_itself() -> None:
    at = situation(KNOBS)
    for _ in range(25):
        for name in ("good", "bad"):
            change = Change((Move("x", 5, 6),), name, "w")
            at = after_trial(replace(at, regime="light"), change, kept=name == "good")
            at = after_trial(replace(at, regime="heavy"), change, kept=name == "bad")
    bandit = Bandit((Always("good"), Always("bad")))
    for regime, best in (("light", "good"), ("heavy", "bad")):
        at = replace(at, regime=regime)
        first = [bandit.propose(later(at, float(k)))[0].labels["strategy"] for k in range(40)]
        assert first.count(best) >= 32


def test_one_situation_has_one_answer_and_another_seed_another() -> None:
    at = situation(KNOBS)
    assert BANDIT.propose(at) == BANDIT.propose(at)
    answers = {replace(BANDIT, seed=seed).propose(at)[0].labels["strategy"] for seed in range(30)}
    assert answers == {"good", "poor", "bad"}


def test_under_strain_the_best_known_goes_first_without_a_draw() -> None:
    at, _ = turns(situation(KNOBS), lambda s, _: RATES[s], 60, seed=5)
    at = replace(at, endocrine=Endocrine(cortisol=0.9))
    assert {BANDIT.propose(later(at, float(k)))[0].labels["strategy"] for k in range(20)} == {"good"}


def test_statistics_are_rows_with_intervals() -> None:
    at = situation(KNOBS, regime="heavy")
    for kept, gain in ((True, 0.1), (True, 0.2), (False, 0.1), (True, 0.3)):
        at = after_trial(at, Change((Move("x", 5, 6),), "ladder", "w"), kept=kept, gain=gain)
    at = after_trial(
        at, Change((Move("x", 5, 6),), "climb", "w", labels={"strategy": "up"}), kept=True, gain=0.1
    )
    at = after_trial(at, Change((Move("x", 5, 6),), "none", "w"), kept=False)
    one, ladder, none = strategy_statistics(at.history)
    assert (ladder.strategy, ladder.regime, ladder.trials, ladder.kept) == ("ladder", "heavy", 4, 3)
    assert ladder.improvement == pytest.approx(0.2)
    assert ladder.improvement_interval is not None
    assert ladder.improvement_interval.low < 0.0 < 0.2 < ladder.improvement_interval.high
    assert ladder.rate_interval.low < 0.75 < ladder.rate_interval.high
    assert (one.strategy, one.improvement) == ("up", pytest.approx(0.1))
    assert one.improvement_interval is not None
    assert one.improvement_interval.low == pytest.approx(0.1 - 1.96 * 0.02)
    assert (none.kept, none.improvement, none.improvement_interval) == (0, None, None)
    assert strategy_of(at.history[0]) == "ladder"


def test_strategies_need_names_of_their_own() -> None:
    with pytest.raises(ConfigError, match="a name of its own"):
        Bandit((Always("a"), Always("a")))
