"""Claims about first passages: close for boundaries that grow like a root of time."""

import math
from itertools import pairwise

import numpy as np
import pytest

from homeostat.stats.first_passage import crossing_chance


@pytest.mark.parametrize(("drift", "height"), [(2.0, 3.0), (2.7, 3.0), (3.0, 3.5), (3.6, 3.2)])
def test_the_chance_is_that_of_simulated_motions(drift: float, height: float) -> None:
    random = np.random.default_rng(1)
    steps = 2_000
    now = np.arange(1, steps + 1) / steps
    motion = np.cumsum(random.standard_normal((2_000, steps)), axis=1) / math.sqrt(steps) + drift * now
    crossed = (motion > height * np.sqrt(now))[:, steps // 20 :].any(axis=1).mean()
    assert crossing_chance(drift, height) == pytest.approx(float(crossed), abs=0.06)


def test_chances_grow_with_the_drift_and_stay_chances() -> None:
    found = [crossing_chance(drift, 3.0) for drift in np.linspace(0.0, 400.0, 2_000).tolist()]
    assert all(one <= other + 1e-12 for one, other in pairwise(found))
    assert found[0] < 0.02
    assert found[-1] == 1.0
