"""A whole search online: one candidate at a time, learned from the ledger alone."""

from dataclasses import replace

import pytest

from homeostat.act.controllers.searching import Kind, Searching
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Choices, Floats, Integers, Knob
from homeostat.testing.landscape import Landscape, climbed, situation_of

KNOBS = {
    "workers": Knob("workers", 8, Integers(1, 64, log=True)),
    "batch": Knob("batch", 4, Integers(1, 64, log=True)),
    "rate": Knob("rate", 0.8, Floats(0.0, 1.0)),
}


def cost(at: object) -> float:
    workers = KNOBS["workers"].domain.position(at["workers"])  # type: ignore[index]
    batch = KNOBS["batch"].domain.position(at["batch"])  # type: ignore[index]
    return (workers - 0.7) ** 2 + (batch - 0.6) ** 2 + (float(at["rate"]) - 0.3) ** 2  # type: ignore[index]


SMOOTH = Landscape(KNOBS, cost, 0.0)


@pytest.mark.parametrize("kind", list(Kind))
def test_it_reaches_most_of_the_gain_in_the_median(kind: Kind) -> None:
    runs = [climbed(Searching(kind, budget=40, seed=seed), SMOOTH, 24, seed) for seed in range(5)]
    reached = sorted(run.shares[-1] for run in runs)
    assert reached[2] >= (0.8 if kind is Kind.SAFE else 0.5)


def test_the_safe_search_hardly_ever_breaks_a_guardrail() -> None:
    steep = Landscape(KNOBS, cost, 0.0, breaks=lambda at: int(at["workers"]) > 30)
    for seed in range(3):
        run = climbed(Searching(Kind.SAFE, seed=seed), steep, 20, seed)
        broke = sum(t.proof.guardrails[0].state.value == "violated" for t in run.situation.history)
        assert broke <= 4
        assert int(run.situation.configuration["workers"]) <= 30


def test_it_learns_from_the_history_alone() -> None:
    run = climbed(Searching(seed=1), SMOOTH, 6, 1)
    assert Searching(seed=1).propose(run.situation) == Searching(seed=1).propose(run.situation)


def test_it_ends_with_its_budget() -> None:
    run = climbed(Searching(budget=5, seed=2), SMOOTH, 9, 2)
    assert len(run.situation.history) == 5
    assert Searching(budget=5).propose(run.situation) == ()


def test_steps_are_no_longer_than_the_knob_allows() -> None:
    knobs = {name: replace(knob, step_max=0.1) for name, knob in KNOBS.items()}
    for kind in Kind:
        run = climbed(Searching(kind, seed=3), Landscape(knobs, cost, 0.0), 8, 3)
        for tried in run.situation.history:
            for move in tried.change.moves:
                domain = knobs[move.knob].domain
                assert abs(domain.position(move.after) - domain.position(move.before)) <= 0.15


def test_choices_are_searched_too_and_nothing_is_asked_where_no_knob_is_free() -> None:
    knobs = {"model": Knob("model", "large", Choices(("small", "medium", "large")))}
    at = situation_of(Landscape(knobs, lambda at: {"small": -0.5}.get(str(at["model"]), 0.0), -0.5))
    assert Searching(Kind.EVOLUTION).propose(at)
    assert Searching().propose(replace(at, knobs={})) == ()


def test_a_budget_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1 trial, not 0"):
        Searching(budget=0)
