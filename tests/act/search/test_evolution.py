"""Evolution: it approaches optima under noise, keeps fronts and targets, and its children stay in bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.act.search.evolution import Evolution
from homeostat.act.search.genome import children
from homeostat.act.search.search import Measured
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Choices, Configuration, Floats, Integers, Knob

KNOBS = {
    "share": Knob("share", 0.9, Floats(0.0, 1.0)),
    "batch": Knob("batch", 60, Integers(1, 64, log=True)),
    "engine": Knob("engine", "a", Choices(("a", "b", "c"))),
}


def cost(configuration: Configuration) -> float:
    batch = float(configuration["batch"])
    return (
        1
        + 4 * (float(configuration["share"]) - 0.3) ** 2
        + abs(np.log2(batch / 8)) / 2
        + (configuration["engine"] != "b")
    )


def test_it_begins_at_the_default_and_finds_the_best_of_mixed_knobs_under_noise() -> None:
    search, noise = Evolution(KNOBS, np.random.default_rng(0), evaluations=80), np.random.default_rng(1)
    assert search.best() == ()
    for number in range(80):
        configuration = search.ask()
        assert number or configuration == {"share": 0.9, "batch": 60, "engine": "a"}
        search.tell(configuration, Measured((cost(configuration) * (1 + 0.1 * noise.normal()),)))
    (pick,) = search.best()
    assert pick.configuration["engine"] == "b"
    assert cost(pick.configuration) < 1.15
    assert pick.objectives[0] == pytest.approx(cost(pick.configuration), rel=0.15)


def test_the_elite_is_measured_again() -> None:
    search, noise = Evolution(KNOBS, np.random.default_rng(0), evaluations=60), np.random.default_rng(1)
    for _ in range(60):
        configuration = search.ask()
        search.tell(configuration, Measured((cost(configuration) * (1 + 0.1 * noise.normal()),)))
    assert search.best()[0].measured >= 2


def test_two_objectives_give_a_front_from_end_to_end() -> None:
    knobs = {name: Knob(name, 0.9, Floats(0.0, 1.0)) for name in "ab"}
    search, noise = Evolution(knobs, np.random.default_rng(0), evaluations=80), np.random.default_rng(1)
    for _ in range(80):
        configuration = search.ask()
        a, b = float(configuration["a"]), float(configuration["b"])
        f = 1 + 0.03 * noise.normal(size=2)
        search.tell(configuration, Measured(((1 + a + 2 * b) * f[0], (2 - a + 2 * b) * f[1])))
    front = search.best()
    assert [p.objectives[0] for p in front] == sorted(p.objectives[0] for p in front)
    assert np.median([float(p.configuration["b"]) for p in front]) < 0.1
    at = [float(p.configuration["a"]) for p in front]
    assert min(at) < 0.15
    assert max(at) > 0.85


def test_what_breaks_a_target_is_not_picked() -> None:
    knobs = {"x": Knob("x", 0.2, Floats(0.0, 1.0))}
    search, noise = Evolution(knobs, np.random.default_rng(0), evaluations=50), np.random.default_rng(1)
    for _ in range(50):
        x = float(search.ask()["x"])
        search.tell({"x": x}, Measured((2 - x,), (x / 0.6 * (1 + 0.05 * noise.normal()) - 1,)))
    assert 0.5 < float(search.best()[0].configuration["x"]) < 0.62


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_children_stay_within_their_bounds(seed: int, genes: int) -> None:
    rng = np.random.default_rng(seed)
    population = rng.random((8, genes))
    unordered = rng.random(genes) < 0.5
    found = children(population[rng.integers(0, 8, (30, 2))], population, unordered, rng)
    assert found.shape == (30, genes)
    assert ((found >= 0) & (found <= 1)).all()


def test_children_of_a_rotated_population_follow_its_direction() -> None:
    rng = np.random.default_rng(0)
    line = rng.random((40, 1))
    population = 0.3 + 0.4 * np.hstack([line, line]) + 0.002 * rng.normal(size=(40, 2))
    found = children(population[rng.integers(0, 40, (4000, 2))], population, np.zeros(2, bool), rng)
    assert np.corrcoef(found.T)[0, 1] > 0.5


def test_a_population_that_cannot_breed_is_refused() -> None:
    with pytest.raises(ConfigError, match="4 or more"):
        Evolution(KNOBS, np.random.default_rng(0), population=2)
