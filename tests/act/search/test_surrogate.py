"""The surrogate: on which scale values are modelled, what it forgets, and what known errors do."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.act.search import surrogate as module
from homeostat.act.search.search import Measured
from homeostat.act.search.surrogate import Surrogate, normal_cdf, scaled, softened
from homeostat.core.errors import InputError


def surrogate(rows: list[tuple[float, Measured]]) -> Surrogate:
    made = Surrogate(lambda points: points)
    for x, measured in rows:
        made.add(np.array([x]), measured)
    made.refit()
    return made


def test_what_failed_is_modelled_as_worse_than_all_that_was_measured() -> None:
    found = scaled(np.array([1.0, math.inf, 20.0]), None)
    assert found[1] > found[2] > found[0]
    assert scaled(np.array([math.inf, math.inf]), None).tolist() == [0.5, 0.5]


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=10))
def test_softening_keeps_the_order_and_what_holds(values: list[float]) -> None:
    found = softened(np.array(values))
    assert (np.argsort(found, kind="stable") == np.argsort(values, kind="stable")).all() or len(
        set(values)
    ) < len(values)
    np.testing.assert_allclose(found[np.array(values) <= 0], [v for v in values if v <= 0])
    assert (found <= np.array(values) + 1e-12).all()


def test_the_distribution_function_is_the_normal_one() -> None:
    z = np.linspace(-6, 6, 101)
    exact = [0.5 * math.erfc(-value / math.sqrt(2)) for value in z]
    np.testing.assert_allclose(normal_cdf(z), exact, atol=8e-8)


def test_an_objective_comes_back_in_its_own_unit() -> None:
    made = surrogate([(x, Measured((100.0 * math.exp(x),))) for x in np.linspace(0, 1, 8)])
    belief = made.believe(np.array([[0.5]]))
    assert made.unscaled(0, float(belief.objectives[0, 0])) == pytest.approx(100 * math.exp(0.5), rel=0.05)


def test_known_errors_make_a_wild_measurement_count_little() -> None:
    rows = [(0.4 + 0.02 * i, Measured((10.0,), errors=(0.1,))) for i in range(10)]
    wild = surrogate([*rows, (0.5, Measured((40.0,), errors=(40.0,)))])
    belief = wild.believe(np.array([[0.5]]))
    assert wild.unscaled(0, float(belief.objectives[0, 0])) == pytest.approx(10.0, rel=0.1)


def test_a_measurement_of_other_numbers_is_refused() -> None:
    made = surrogate([(0.5, Measured((1.0,), (0.1,)))])
    with pytest.raises(InputError, match="1 objectives, 1 targets"):
        made.add(np.array([0.5]), Measured((1.0, 2.0)))


def test_beyond_its_memory_the_best_stays_in_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POINTS_MAX", 20)
    rng = np.random.default_rng(0)
    others = [(x, Measured((5.0 + rng.random(),))) for x in rng.uniform(0.5, 1, 60)]
    made = surrogate([(0.1, Measured((0.5,))), *others])
    assert len(made.models[0].x) == 20
    assert 0.1 in made.models[0].x
    assert others[-1][0] in made.models[0].x
