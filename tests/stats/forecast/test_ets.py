"""The filter equals the recursion that it stands for."""

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.stats.forecast.ets import (
    Smoothing,
    best_before,
    ets,
    family,
    first_states,
    one_step_errors,
    start,
)

Floats = NDArray[np.float64]
HORIZON = 30
SEASONS: list[tuple[int, ...]] = [(), (7,), (24, 168)]


def recursion(
    values: Floats, member: Smoothing, seasons: tuple[int, ...], horizon: int
) -> tuple[Floats, Floats]:
    """Return errors and forecasts by the equations as they stand in the docstring, one sample at a time."""
    level, profiles = first_states(values, seasons)
    season = [p.copy() for p in profiles]
    trend = remainder = 0.0
    errors = []
    for t, value in enumerate(values):
        seasonal = sum(s[t % m] for s, m in zip(season, seasons, strict=True))
        e = value - (level + member.phi * trend + seasonal + member.rho * remainder)
        level += member.phi * trend + member.alpha * e
        trend = member.phi * trend + member.beta * e
        remainder = member.rho * remainder + e
        for s, m in zip(season, seasons, strict=True):
            s[t % m] += member.gamma * e
        errors.append(e)
    path = []
    for h in range(1, horizon + 1):
        ahead = sum(s[(len(values) + h - 1) % m] for s, m in zip(season, seasons, strict=True))
        rise = trend * sum(member.phi**j for j in range(1, h + 1))
        path.append(level + rise + ahead + member.rho**h * remainder)
    return np.array(errors), np.array(path)


def series(n: int = 600) -> Floats:
    rng = np.random.default_rng(3)
    t = np.arange(n)
    wander = np.cumsum(rng.normal(0.0, 0.2, n))
    return 50.0 + 0.02 * t + wander + 5.0 * np.sin(2 * np.pi * t / 24) + rng.normal(0.0, 1.0, n)


@pytest.mark.parametrize("seasons", SEASONS)
def test_errors_of_every_member_are_those_of_the_recursion(seasons: tuple[int, ...]) -> None:
    y = series()
    members = family(len(seasons))
    found = one_step_errors(y, members, seasons, first_states(y, seasons))
    for row, member in zip(found, members, strict=True):
        np.testing.assert_allclose(row, recursion(y, member, seasons, 1)[0], atol=1e-6)


@pytest.mark.parametrize("seasons", SEASONS)
def test_forecasts_are_those_of_the_recursion_for_the_member_with_the_smallest_errors(
    seasons: tuple[int, ...],
) -> None:
    y = series()
    members = family(len(seasons))
    for origin in (start(seasons) + 20, 500, y.size):
        known = y[:origin]
        runs = [recursion(known, m, seasons, HORIZON) for m in members]
        best = min(runs, key=lambda run: float(np.abs(run[0][start(seasons) :]).sum()))
        found = ets(y, np.array([origin]), HORIZON, seasons)
        np.testing.assert_allclose(found[0], best[1], atol=1e-5)


@pytest.mark.parametrize("seasons", SEASONS)
def test_every_member_forgets_where_it_began(seasons: tuple[int, ...]) -> None:
    impulse = np.zeros(12_000)
    impulse[start(seasons)] = 1.0
    found = np.abs(one_step_errors(impulse, family(len(seasons)), seasons, first_states(impulse, seasons)))
    early, middle, late = (found[:, a : a + 400].max(axis=1) for a in (1_000, 6_000, 11_600))
    assert bool((middle < 0.5 * early + 1e-6).all())
    assert bool((late < middle + 1e-6).all())


def test_the_best_row_before_an_origin_knows_nothing_after_it() -> None:
    errors = np.ones((2, 100))
    errors[0, :50] = 0.5
    errors[1, 50:] = 0.1
    assert best_before(errors, np.array([90, 40, 60]), 10).tolist() == [1, 0, 0]
