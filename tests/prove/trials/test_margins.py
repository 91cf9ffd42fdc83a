"""A guardrail's margin is one for all changes together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Summary
from homeostat.prove.trials.margins import LEFT_MIN, _narrowed

COST = Guardrail(Measure("cost"), 0.6)
QUALITY = Guardrail(Measure("quality", Summary.MEAN, Better.HIGHER), 0.02)
ERRORS = Guardrail(Measure("errors"), 0.01, relative=False)


@given(st.lists(st.floats(0.0, 0.12), max_size=12))
def test_small_rises_of_a_cost_never_compound_to_more_than_the_margin(rises: list[float]) -> None:
    used: list[dict[str, float]] = []
    total = 1.0
    for rise in rises:
        if rise <= _narrowed(COST, used).worse_max - LEFT_MIN * 0.6:
            used.append({"mean of cost": rise})
            total *= 1.0 + rise
    assert total <= 1.6 + 1e-9


@given(st.lists(st.floats(0.0, 0.01), max_size=12))
def test_small_losses_of_quality_never_compound_to_more_than_the_margin(losses: list[float]) -> None:
    used: list[dict[str, float]] = []
    total = 1.0
    for loss in losses:
        if loss <= _narrowed(QUALITY, used).worse_max - LEFT_MIN * 0.02:
            used.append({"mean of quality": -loss})
            total *= 1.0 - loss
    assert total >= 0.98 - 1e-9


def test_what_got_better_gives_back_no_more_than_the_whole_margin() -> None:
    assert _narrowed(COST, [{"mean of cost": -0.5}]).worse_max == 0.6
    assert _narrowed(QUALITY, [{"mean of quality": 0.1}]).worse_max == pytest.approx(0.02)


def test_a_margin_in_the_measures_own_unit_is_used_up_by_sums() -> None:
    used = [{"mean of errors": 0.004}, {"mean of errors": 0.003}]
    assert _narrowed(ERRORS, used).worse_max == pytest.approx(0.003)
