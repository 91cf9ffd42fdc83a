"""The unusual stretch: days that were not as the others are told, and hardly any where nothing happens."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.stats.unusual_stretch import UnusualStretch, unusual_stretches

Floats = NDArray[np.float64]


def autoregressive(rng: np.random.Generator, n: int, memory: float) -> Floats:
    noise = rng.normal(size=n)
    for t in range(1, n):
        noise[t] += memory * noise[t - 1]
    return noise


NOISE: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda rng, n: 20.0 + rng.normal(size=n),
    "lognormal": lambda rng, n: rng.lognormal(0.0, 1.0, n),
    "exponential": lambda rng, n: rng.exponential(1.0, n) + 1e-9,
    "AR(1) .8": lambda rng, n: 20.0 + autoregressive(rng, n, 0.8),
    "exp of AR(1) .8": lambda rng, n: np.exp(0.6 * autoregressive(rng, n, 0.8)),
}


def told(line: Floats, offset: int = 0) -> tuple[UnusualStretch, ...]:
    return unusual_stretches(line, np.log(line), 24, offset)


def false_alarms(kind: str, runs: int) -> int:
    rng = np.random.default_rng(8)
    return sum(bool(told(NOISE[kind](rng, 100 * 24))) for _ in range(runs))


@pytest.mark.parametrize("kind", ["normal", "lognormal", "exponential"])
def test_where_nothing_happens_hardly_anything_is_told(kind: str) -> None:
    assert false_alarms(kind, 60) <= 2


@pytest.mark.long
@pytest.mark.parametrize("kind", NOISE)
def test_the_rate_of_false_alarms_is_held(kind: str) -> None:
    assert false_alarms(kind, 300) <= 15


def test_days_that_differ_are_told_once_with_their_neighbours() -> None:
    rng = np.random.default_rng(9)
    line = 100.0 + rng.normal(0.0, 5.0, 24 * 60)
    line[24 * 20 : 24 * 22] -= 30.0
    line[24 * 40 : 24 * 41] += 40.0
    low, high = told(line)
    assert (low.first, low.end) == (24 * 20, 24 * 22)
    assert (high.first, high.end) == (24 * 40, 24 * 41)
    assert low.level == pytest.approx(70.0, abs=4.0)
    assert low.usual == pytest.approx(100.0, abs=1.0)
    assert max(low.p_value, high.p_value) < 0.01


def test_single_values_however_wild_are_no_stretch() -> None:
    rng = np.random.default_rng(10)
    line = rng.normal(10.0, 1.0, 24 * 60)
    line[rng.integers(0, line.size, 40)] += 1e6
    assert told(line) == ()


def test_the_offset_says_where_days_begin_and_gaps_are_left_out() -> None:
    rng = np.random.default_rng(11)
    line = rng.normal(10.0, 1.0, 24 * 40 + 7)
    line[7 + 24 * 12 : 7 + 24 * 13] += 20.0
    line[7 + 24 * 30 : 7 + 24 * 33] = np.nan
    (found,) = told(line, offset=7)
    assert (found.first, found.end) == (7 + 24 * 12, 7 + 24 * 13)


@pytest.mark.parametrize("line", [[], [1.0] * 2_400, [np.nan] * 2_400, [1.0, 2.0] * 50])
def test_too_little_constants_and_nothing_known_tell_nothing(line: list[float]) -> None:
    assert told(np.array(line)) == ()


def test_a_stretch_of_one_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 samples"):
        unusual_stretches([1.0] * 100, [0.0] * 100, 1)
