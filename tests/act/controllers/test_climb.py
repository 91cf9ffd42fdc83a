"""Climbing: near the optimum within few trials, without walking into the same wall twice."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from homeostat.act.controller import Situation, Trialled
from homeostat.act.controllers.climb import Climb
from homeostat.act.endocrine import Endocrine
from homeostat.core.change import Change, change_between
from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.core.knob import Choices, Configuration, Floats, Integers, Knob
from homeostat.testing.landscape import Climbed, Landscape, climbed, situation_of, tried
from homeostat.testing.situations import later

DOMAINS = (Floats(0.0, 1.0), Integers(1, 64, log=True), Integers(1, 40))
SEEDS = 24


def separable(seed: int) -> Landscape:
    """Three knobs, each with its own best value somewhere; at least a tenth may be gained."""
    rng = np.random.default_rng(10_000 + seed)
    bend, best, start = rng.uniform(0.2, 1.5, 3), rng.uniform(0, 1, 3), rng.uniform(0, 1, 3)
    while float((bend * (start - best) ** 2).sum()) < 0.1:
        start = rng.uniform(0, 1, 3)
    knobs = {f"k{k}": Knob(f"k{k}", d.at(start[k]), d) for k, d in enumerate(DOMAINS)}

    def log_cost(at: Configuration) -> float:
        return sum(
            float(bend[k]) * (d.position(at[f"k{k}"]) - float(best[k])) ** 2 for k, d in enumerate(DOMAINS)
        )

    return Landscape(knobs, log_cost, log_cost({f"k{k}": d.at(best[k]) for k, d in enumerate(DOMAINS)}))


def conflicting(seed: int) -> Landscape:
    """Two knobs of which each alone soon makes it worse, and a third that does nothing."""
    rng = np.random.default_rng(20_000 + seed)
    steep, flat, way = rng.uniform(1, 3), rng.uniform(0.1, 0.5), rng.choice([-1, 1])
    x0, y0 = rng.uniform(0.15, 0.85, 2)

    def valley(x: float, y: float) -> float:
        u, v = x - x0, way * (y - y0)
        return float(steep * (u + v) ** 2 + flat * (u - v) ** 2)

    start = rng.uniform(0, 1, 2)
    while valley(*start) < 0.1:
        start = rng.uniform(0, 1, 2)
    knobs = {
        "x": Knob("x", float(start[0]), Floats(0, 1)),
        "y": Knob("y", float(start[1]), Floats(0, 1)),
        "z": Knob("z", 8, Integers(1, 64)),
    }
    return Landscape(knobs, lambda at: valley(float(at["x"]), float(at["y"])), 0.0)


def choices(best: str) -> Landscape:
    cost = {"small": 0.5, "middle": 0.3, "large": 0.4, best: 0.0}
    knobs = {
        "model": Knob(
            "model", "middle" if best != "middle" else "small", Choices(("small", "middle", "large"))
        ),
        "cache": Knob("cache", False, Choices((False, True))),
    }
    return Landscape(knobs, lambda at: cost[str(at["model"])] + (0.0 if at["cache"] else 0.2), 0.0)


@dataclass(frozen=True)
class Anywhere:
    """Moves one knob to a value drawn by chance: what any search must beat."""

    name: str = "anywhere"

    def propose(self, situation: Situation) -> tuple[Change, ...]:
        rng = np.random.default_rng(situation.now_ns % 2**32)
        knob = situation.knobs[str(rng.choice(sorted(situation.knobs)))]
        to = {**situation.configuration, knob.name: knob.domain.at(rng.uniform())}
        moves = change_between(situation.configuration, to)
        return (Change(moves, self.name, "By chance."),) if moves else ()


def trials_needed(runs: list[Climbed]) -> float:
    return float(np.quantile([run.trials_to(0.8) for run in runs], 0.5, method="higher"))


@pytest.mark.parametrize("landscape", [separable, conflicting])
def test_four_fifths_of_the_gain_take_at_most_twelve_trials(landscape: object) -> None:
    assert callable(landscape)
    runs = [climbed(Climb(), landscape(seed), 12, seed) for seed in range(SEEDS)]
    assert trials_needed(runs) <= 8
    by_chance = [climbed(Anywhere(), landscape(seed), 12, seed) for seed in range(SEEDS)]
    assert trials_needed(by_chance) > 12


def test_it_comes_to_rest_where_nothing_is_to_be_gained() -> None:
    flat = Landscape(
        {"x": Knob("x", 0.5, Floats(0, 1)), "y": Knob("y", 8, Integers(1, 64))}, lambda _: 0.0, 0.0
    )
    run = climbed(Climb(), flat, 30, seed=3)
    assert len(run.situation.history) <= 16
    assert Climb().propose(run.situation) == ()


@pytest.mark.parametrize("best", ["small", "large"])
def test_the_best_of_some_choices_is_found(best: str) -> None:
    run = climbed(Climb(), choices(best), 6, seed=1)
    assert run.situation.configuration == {"model": best, "cache": True}


def test_what_was_rolled_back_is_left_alone_until_it_is_forgotten() -> None:
    land = choices("middle")
    land = Landscape({"cache": land.knobs["cache"]}, lambda at: 0.05 if at["cache"] else 0.0, 0.0)
    rng = np.random.default_rng(0)
    start = situation_of(land)
    after = tried(land, start, Climb().propose(start)[0], rng, 0.02)
    assert after.configuration == start.configuration
    assert Climb().propose(after) == ()
    week_ns = 7 * 86_400 * 1_000_000_000
    assert Climb().propose(replace(after, now_ns=after.now_ns + week_ns)) != ()


def test_in_another_regime_it_is_tried_again() -> None:
    land = Landscape({"x": Knob("x", 0.0, Floats(0, 1))}, lambda at: 0.1 * float(at["x"]), 0.0)
    run = climbed(Climb(), land, 12, seed=0)
    assert Climb().propose(run.situation) == ()
    assert Climb().propose(later(replace(run.situation, regime="heavy"), 3_700.0)) != ()


def test_after_something_turned_worse_by_itself_it_is_tried_again() -> None:
    land = Landscape({"x": Knob("x", 0.0, Floats(0, 1))}, lambda at: 0.1 * float(at["x"]), 0.0)
    run = climbed(Climb(), land, 12, seed=0)
    at_ns = run.situation.now_ns + 1
    worse = Finding(FindingKind.CHANGE, "p95", at_ns, "now", Course.WORSE, 0.5, "50%", "p95 rose by 50%.")
    assert Climb().propose(replace(run.situation, now_ns=at_ns + 1, findings=(worse,))) != ()


def test_beyond_a_broken_guardrail_nothing_is_tried() -> None:
    land = Landscape(
        {"x": Knob("x", 0.2, Floats(0, 1))},
        lambda at: -float(at["x"]),
        best=-0.5,
        breaks=lambda at: float(at["x"]) > 0.5,
    )
    run = climbed(Climb(), land, 12, seed=2)
    broke = [t for t in run.situation.history if float(t.change.moves[0].after) > 0.5]
    ends = [float(t.change.moves[0].after) for t in broke]
    assert ends == sorted(ends, reverse=True)
    assert 0.4 <= float(run.situation.configuration["x"]) <= 0.5


def test_strain_forbids_the_unknown_and_keeps_what_is_known_to_help() -> None:
    land = separable(1)
    start = replace(situation_of(land), endocrine=Endocrine(cortisol=0.9))
    assert Climb().propose(start) == ()
    run = climbed(Climb(), land, 2, seed=1)
    strained = replace(run.situation, endocrine=Endocrine(cortisol=0.9))
    assert all(change.predicted is not None for change in Climb().propose(strained))


def test_a_knob_that_a_finding_names_goes_first() -> None:
    land = Landscape(
        {n: Knob(n, 0.5, Floats(0, 1)) for n in ("alpha", "beta", "batch_size")}, lambda _: 0.0, 0.0
    )
    named = Finding(
        FindingKind.CHANGE, "batch size", 1, "then", Course.NEITHER, None, "", "Batch size moved."
    )
    found = Climb().propose(replace(situation_of(land), findings=(named,)))
    assert found[0].moves[0].knob == "batch_size"
    said = Climb(acts_on={"beta": ("retrieve",)})
    other = replace(named, title="p95 of retrieve", words="It is slower.")
    assert said.propose(replace(situation_of(land), findings=(other,)))[0].moves[0].knob == "beta"


def test_no_step_is_longer_than_the_knob_allows() -> None:
    knob = Knob("x", 50, Integers(0, 100), step_max=0.05)
    land = Landscape({"x": knob}, lambda at: -0.01 * float(at["x"]), -1.0)
    run = climbed(Climb(), land, 6, seed=0)
    assert run.situation.history
    assert all(abs(int(m.after) - int(m.before)) <= 5 for t in run.situation.history for m in t.change.moves)


def test_a_trial_that_could_not_tell_is_no_evidence_and_is_not_repeated() -> None:
    land = choices("large")
    start = situation_of(land)
    first = Climb().propose(start)[0]
    shown = tried(land, start, first, np.random.default_rng(0), 0.02).history[0]
    blind = replace(shown.proof, decision=type(shown.proof.decision).ROLL_BACK)
    blind = replace(blind, effect=replace(blind.effect, estimate=None, interval=None))
    after = replace(start, history=(Trialled(first, blind, ""),))
    assert all(change.moves != first.moves for change in Climb().propose(after))


def test_predictions_hold_the_true_effect_about_as_often_as_they_say() -> None:
    held = []
    for seed in range(SEEDS):
        run = climbed(Climb(), separable(seed), 8, seed)
        for t in run.situation.history[4:]:
            assert t.change.predicted is not None
            before = {m.knob: m.before for m in t.change.moves}
            rest = {**run.situation.configuration, **before}
            true = separable(seed).log_cost(t.change.applied(rest)) - separable(seed).log_cost(rest)
            held.append(t.change.predicted.low <= math.expm1(true) <= t.change.predicted.high)
    assert np.mean(held) >= 0.85


def test_without_knobs_there_is_nothing_to_propose() -> None:
    land = separable(0)
    assert Climb().propose(replace(situation_of(land), knobs={})) == ()
    assert Climb(only=frozenset({"other"})).propose(situation_of(land)) == ()


def test_what_somebody_took_back_is_not_proposed_again() -> None:
    land = Landscape(
        {"cache": Knob("cache", False, Choices((False, True)))}, lambda at: -0.3 * bool(at["cache"]), -0.3
    )
    kept = climbed(Climb(), land, 1, seed=0).situation
    assert kept.configuration == {"cache": True}
    taken_back = replace(kept, configuration={"cache": False})
    assert Climb().propose(taken_back) == ()
