"""Generated arrivals."""

import numpy as np
import pytest

from homeostat.core.errors import ConfigError
from homeostat.prove.load.arrivals import Phase, Size, phased, poisson


def test_a_poisson_process_has_its_rate_and_independent_gaps() -> None:
    times = np.array([a.time_s for a in poisson(50.0, 200.0, seed=3)])
    gaps = np.diff(times)
    assert times.size == pytest.approx(10_000, rel=0.04)
    assert gaps.std() / gaps.mean() == pytest.approx(1.0, abs=0.05)
    assert abs(np.corrcoef(gaps[:-1], gaps[1:])[0, 1]) < 0.05


def test_a_burst_comes_in_its_phase_only() -> None:
    arrivals = list(phased((Phase(100, 2.0), Phase(50, 40.0), Phase(100, 2.0)), seed=1))
    times = np.array([a.time_s for a in arrivals])
    counts = np.histogram(times, (0, 100, 150, 250))[0]
    assert (np.diff(times) >= 0).all()
    assert counts == pytest.approx([200, 2_000, 200], rel=0.2)


def test_the_same_seed_gives_the_same_arrivals() -> None:
    assert list(poisson(5, 60, seed=4)) == list(poisson(5, 60, seed=4)) != list(poisson(5, 60, seed=5))


def test_sizes_lie_around_their_medians() -> None:
    arrivals = list(poisson(100, 100, size=Size(1_000, 50, 0.3)))
    assert np.median([a.input_tokens for a in arrivals]) == pytest.approx(1_000, rel=0.03)
    assert np.median([a.output_tokens for a in arrivals]) == pytest.approx(50, rel=0.05)


@pytest.mark.parametrize("rate", [-1.0, float("nan"), float("inf")])
def test_a_rate_that_makes_no_sense_is_refused(rate: float) -> None:
    with pytest.raises(ConfigError, match="rate_per_s"):
        Phase(1.0, rate)
