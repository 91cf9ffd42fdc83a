"""Growth is named where the data tell it, and not known where they do not."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from homeostat.core.interval import Interval
from homeostat.stats.growth import Growth, growth
from homeostat.stats.not_known import NotKnown

Floats = NDArray[np.float64]
N = 60


def logistic(t: Floats, middle: float) -> Floats:
    return 10.0 / (1.0 + np.exp(-(t - middle) / 7.0))


CURVES: dict[str, Callable[[Floats], Floats]] = {
    "constant": lambda t: 5.0 + 0.0 * t,
    "linear": lambda t: 1.0 + 0.1 * t,
    "exponential": lambda t: np.exp(0.05 * t),
    "power": lambda t: 0.3 * (t + 1.2) ** 0.6,
    "logistic": lambda t: logistic(t, 30.0),
}


def noise(rng: np.random.Generator, n: int, memory: float) -> Floats:
    found = rng.normal(size=n)
    for t in range(1, n):
        found[t] = memory * found[t - 1] + np.sqrt(1.0 - memory**2) * found[t]
    return found


def known(found: Growth | NotKnown) -> Growth:
    assert isinstance(found, Growth), found
    return found


def simulated(
    curve: Callable[[Floats], Floats], memory: float, paths: int, share: float = 0.05
) -> list[tuple[Growth, Floats]]:
    rng = np.random.default_rng(8)
    clean = curve(np.arange(1.5 * N))
    deviation = share * max(float(np.ptp(clean)), 1.0)
    drawn = [clean + deviation * noise(rng, clean.size, memory) for _ in range(paths)]
    return [(known(growth(y[:N])), y) for y in drawn]


def assert_true_curve_is_plausible(name: str, memory: float, paths: int) -> None:
    runs = simulated(CURVES[name], memory, paths)
    assert np.mean([name in dict(g.plausible) for g, _ in runs]) > 0.9
    hits = []
    for g, y in runs:
        p = g.project(np.arange(N, 1.5 * N))
        hits.append(np.mean((p.low <= y[N:]) & (y[N:] <= p.high)))
    assert 0.87 <= np.mean(hits) <= 0.995


@pytest.mark.parametrize("name", CURVES)
def test_the_true_curve_is_plausible_and_its_projection_covers(name: str) -> None:
    assert_true_curve_is_plausible(name, 0.0, 12)


@pytest.mark.long
@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("memory", [0.0, 0.6])
def test_the_true_curve_is_plausible_also_with_memory(name: str, memory: float) -> None:
    assert_true_curve_is_plausible(name, memory, 200)


def test_a_ceiling_is_not_known_before_growth_slows_down() -> None:
    hits = []
    for g, y in simulated(lambda t: logistic(t, 75.0), 0.0, 15, 0.01):
        assert not isinstance(g.ceiling, Interval)
        p = g.project(np.arange(N, 1.5 * N))
        hits.append(np.mean((p.low <= y[N:]) & (y[N:] <= p.high)))
    assert np.mean(hits) > 0.9


def test_a_ceiling_is_known_once_growth_has_slowed_down() -> None:
    ceilings = [g.ceiling for g, _ in simulated(CURVES["logistic"], 0.0, 20)]
    found = [c for c in ceilings if isinstance(c, Interval)]
    assert len(found) >= 19
    assert np.mean([c.low <= 10.0 <= c.high for c in found]) >= 0.85


@pytest.mark.long
def test_a_ceiling_that_is_told_is_the_true_one_in_most_cases() -> None:
    for middle in (20.0, 30.0, 40.0, 50.0, 60.0):
        ceilings = [g.ceiling for g, _ in simulated(lambda t, m=middle: logistic(t, m), 0.3, 100)]  # type: ignore[misc]
        found = [c for c in ceilings if isinstance(c, Interval)]
        wrong = sum(not c.low <= 10.0 <= c.high for c in found)
        assert wrong <= 12


def test_exact_curves_are_named_with_their_numbers() -> None:
    g = known(growth(np.exp(np.arange(50.0) * np.log(2.0) / 10.0)))
    assert g.curve == "exponential"
    assert g.doubling_time is not None
    assert g.doubling_time.low == pytest.approx(10.0, abs=0.01)
    assert g.doubling_time.high == pytest.approx(10.0, abs=0.01)
    assert float(g.project([60.0]).point[0]) == pytest.approx(64.0, rel=1e-3)
    assert known(growth(3.0 + 0.5 * np.arange(40.0))).curve == "linear"


def test_some_wild_values_change_little() -> None:
    rng = np.random.default_rng(3)
    y = 10.0 + 0.5 * np.arange(60.0) + rng.normal(0.0, 1.0, 60)
    y[[7, 30, 55]] += 300.0
    p = known(growth(y)).project([80.0])
    assert float(p.point[0]) == pytest.approx(50.0, abs=6.0)


def test_curves_that_fit_equally_well_are_said_to() -> None:
    rng = np.random.default_rng(5)
    t = np.arange(30.0)
    found = [known(growth(np.exp(0.02 * t) + rng.normal(0.0, 0.05, 30))) for _ in range(5)]
    assert any(isinstance(g.curve, NotKnown) and "fit equally well" in g.curve.reason for g in found)


def test_times_may_be_uneven_unordered_and_in_any_unit() -> None:
    rng = np.random.default_rng(6)
    t = np.sort(rng.uniform(0.0, 100.0, 80))
    y = 2.0 + 0.3 * t + rng.normal(0.0, 0.5, 80)
    plain = known(growth(y, t))
    order = rng.permutation(80)
    seconds = known(growth(y[order], 1.7e9 + 86_400.0 * t[order]))
    a, b = plain.project([120.0]), seconds.project([1.7e9 + 86_400.0 * 120.0])
    np.testing.assert_allclose([b.low, b.point, b.high], [a.low, a.point, a.high], rtol=1e-3)


@given(
    values=arrays(
        np.float64,
        st.integers(0, 40),
        elements=st.one_of(st.floats(-1e6, 1e6), st.just(0.0), st.just(float("nan"))),
    )
)
@settings(max_examples=60, deadline=None)
def test_any_series_gives_an_ordered_projection_or_a_reason(values: Floats) -> None:
    found = growth(values)
    if isinstance(found, NotKnown):
        assert "too few" in found.reason
        return
    p = found.project([50.0, 60.0])
    assert np.isfinite(p.point).all()
    assert bool((p.low <= p.point).all() and (p.point <= p.high).all())


def test_a_time_for_each_value_is_needed() -> None:
    with pytest.raises(ValueError, match="one time for each value"):
        growth([1.0, 2.0], [1.0])
