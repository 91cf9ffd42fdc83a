"""The safe tuner: it stays within the targets, gets cheaper, and says when nothing holds."""

import math

import numpy as np
import pytest

from homeostat.act.search.safe_tuner import SafeTuner, expected_improvement
from homeostat.act.search.search import Measured, Pick
from homeostat.core.errors import InputError
from homeostat.core.knob import Configuration, Floats, Integers, Knob

KNOBS = {
    "batch": Knob("batch", 2, Integers(1, 64, log=True)),
    "workers": Knob("workers", 14, Integers(1, 16)),
}
BOUND_MS = 250.0


def true(configuration: Configuration) -> tuple[float, float]:
    """Cost and violation: fewer workers and larger batches are cheaper and slower; a full queue is worst."""
    batch, workers = float(configuration["batch"]), float(configuration["workers"])
    load = 60 * (45 + 7 * batch) / 1000 / (batch * workers)
    p95_ms = 40 + 9 * batch + 60 / max(0.02, 1 - load)
    return workers + 20 / batch, p95_ms / BOUND_MS - 1


def tuned(
    seed: int, evaluations: int = 40, knobs: dict[str, Knob] = KNOBS
) -> tuple[list[Configuration], tuple[Pick, ...]]:
    tuner = SafeTuner(knobs, np.random.default_rng(seed), evaluations=evaluations)
    noise = np.random.default_rng(seed + 1)
    asked = []
    for _ in range(evaluations):
        asked.append(tuner.ask())
        cost, violation = true(asked[-1])
        f, g = 1 + 0.1 * noise.normal(size=2)
        tuner.tell(asked[-1], Measured((cost * f,), ((1 + violation) * g - 1,)))
    return asked, tuner.best()


def test_it_begins_at_the_default() -> None:
    tuner = SafeTuner(KNOBS, np.random.default_rng(0))
    assert tuner.best() == ()
    assert tuner.ask() == {"batch": 2, "workers": 14}


@pytest.mark.long
def test_few_tries_break_the_target_and_the_pick_holds_it_within_a_third_of_the_optimum() -> None:
    optimum = min(
        cost
        for cost, violation in (true({"batch": b, "workers": w}) for b in range(1, 65) for w in range(1, 17))
        if violation <= 0
    )
    runs = [tuned(seed) for seed in range(8)]
    broken = [sum(true(c)[1] > 0 for c in asked) for asked, _ in runs]
    picks = [true(picks[0].configuration) for _, picks in runs]
    assert np.mean(broken) <= 4
    assert sum(violation <= 0 for _, violation in picks) >= 7
    assert np.median([cost for cost, _ in picks]) <= 1.3 * optimum


def test_it_gets_much_cheaper_than_the_default_within_40_tries() -> None:
    asked, picks = tuned(3)
    assert true(picks[0].configuration)[0] < 0.5 * true(asked[0])[0]
    assert picks[0].held is not None
    assert picks[0].held >= 0.95


def test_a_step_is_never_longer_than_the_knob_allows_from_what_was_tried() -> None:
    knobs = {
        "batch": KNOBS["batch"],
        "workers": Knob("workers", 14, Integers(1, 16), step_max=0.2),
    }
    asked, _ = tuned(1, 20, knobs)
    seen = [14]
    for configuration in asked:
        workers = int(configuration["workers"])
        assert min(abs(workers - other) for other in seen) <= 3
        seen.append(workers)


def test_where_the_default_itself_breaks_the_target_there_is_no_pick() -> None:
    tuner = SafeTuner(KNOBS, np.random.default_rng(0))
    for _ in range(6):
        tuner.tell({"batch": 2, "workers": 14}, Measured((10.0,), (0.5,)))
    assert tuner.best() == ()
    assert tuner.ask() == {"batch": 2, "workers": 14}


def test_a_failure_is_kept_away_from() -> None:
    knobs = {"x": Knob("x", 0.1, Floats(0.0, 1.0))}
    tuner = SafeTuner(knobs, np.random.default_rng(0), evaluations=25)
    noise = np.random.default_rng(1)
    failed = 0
    for _ in range(25):
        x = float(tuner.ask()["x"])
        fails = x > 0.6
        failed += fails
        values = (math.inf, math.inf) if fails else ((2 - x) * (1 + 0.05 * noise.normal()), -0.5 + 0.3 * x)
        tuner.tell({"x": x}, Measured(values[:1], values[1:]))
    assert failed <= 5
    assert 0.3 < float(tuner.best()[0].configuration["x"]) <= 0.6


def test_surprises_make_it_more_cautious_and_calm_makes_it_less() -> None:
    tuner = SafeTuner({"x": Knob("x", 0.5, Floats(0.0, 1.0))}, np.random.default_rng(0))
    usual = tuner.caution

    def told(violation: float, times: int) -> None:
        for _ in range(times):
            tuner.tell(tuner.ask(), Measured((1.0,), (violation,)))

    told(-0.5, 4)
    assert tuner.caution == usual
    told(0.3, 1)
    raised = tuner.caution
    assert raised > usual


def test_the_same_seed_and_measurements_give_the_same_search() -> None:
    assert tuned(5, 15) == tuned(5, 15)


def test_several_objectives_are_refused() -> None:
    with pytest.raises(InputError, match="Evolution"):
        SafeTuner(KNOBS, np.random.default_rng(0)).tell({"batch": 2, "workers": 2}, Measured((1.0, 2.0)))


@pytest.mark.parametrize("low", [-0.5, 0.0, 2.0])
def test_the_expected_improvement_is_that_of_a_simulation(low: float) -> None:
    draws = 0.3 + 0.8 * np.random.default_rng(0).normal(size=400_000)
    exact = np.maximum(low - draws, 0.0).mean()
    found = expected_improvement(low, np.array([0.3]), np.array([0.8]))[0]
    assert found == pytest.approx(exact, abs=0.005)


def test_a_knob_of_few_values_is_not_out_of_reach() -> None:
    knobs = {"layers": Knob("layers", 3, Integers(1, 3)), "depth": Knob("depth", 0.5, Floats(0.0, 1.0))}
    tuner = SafeTuner(knobs, np.random.default_rng(0), evaluations=30)
    asked = set()
    for _ in range(20):
        configuration = tuner.ask()
        asked.add(configuration["layers"])
        tuner.tell(configuration, Measured((float(configuration["layers"]),), (-0.5,)))
    assert asked == {1, 2, 3}
