"""Claims about the intervals of experience, by simulation: how often they hold what is true."""

from collections.abc import Callable

import numpy as np
import pytest

from homeostat.evaluate.experience.bounded import bounded_interval
from homeostat.evaluate.experience.clustered_share import clustered_share
from homeostat.evaluate.experience.recommendation import net_promoters
from homeostat.stats.wilson_interval import wilson_interval

ROUNDS = 200

SHAPES = {
    "lopsided": (0.0, 0.0, 0.01, 0.02, 0.02, 0.05, 0.1, 0.2, 0.25, 0.35),
    "two camps": (0.3, 0.1, 0, 0, 0, 0, 0, 0.1, 0.2, 0.3),
    "all alike": (0.1,) * 10,
    "at the ceiling": (0.02, 0, 0, 0, 0, 0, 0, 0, 0.08, 0.9),
    "in the middle": (0, 0, 0, 0.05, 0.45, 0.45, 0.05, 0, 0, 0),
}


def covered(draw: Callable[[np.random.Generator], tuple[float | None, float | None]], true: float) -> float:
    """Return how often what is drawn holds what is true."""
    chance = np.random.default_rng(8_711)
    found = [draw(chance) for _ in range(ROUNDS)]
    return sum(low is not None and high is not None and low <= true <= high for low, high in found) / ROUNDS


@pytest.mark.parametrize("n", [5, 10, 30])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_interval_of_a_bounded_mean_covers_it_from_five_values_on(shape: str, n: int) -> None:
    shares = np.array(SHAPES[shape]) / sum(SHAPES[shape])
    steps = np.arange(1, 11)

    def draw(chance: np.random.Generator) -> tuple[float, float]:
        found = bounded_interval(chance.choice(steps, n, p=shares), 1, 10)
        assert found is not None
        return 1 + 9 * found.low, 1 + 9 * found.high

    assert covered(draw, float(shares @ steps)) >= 0.92


def test_ten_times_the_best_answer_is_not_certainty() -> None:
    found = bounded_interval([10.0] * 10, 1, 10)
    assert found is not None
    assert found.high == 1.0
    assert found.low < 0.9


@pytest.mark.parametrize(("share", "alike"), [(0.5, 0.3), (0.8, 0.3), (0.95, 0.2), (0.95, 0.5)])
@pytest.mark.parametrize("people", [10, 40])
def test_a_share_covers_where_a_persons_tries_are_alike_and_plain_trials_do_not(
    share: float, alike: float, people: int
) -> None:
    strength = (1 - alike) / alike

    def tries(chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        own = chance.beta(share * strength, (1 - share) * strength, people)
        tried = chance.integers(1, 21, people)
        return chance.binomial(tried, own), tried

    def clustered(chance: np.random.Generator) -> tuple[float | None, float | None]:
        well, tried = tries(chance)
        found = clustered_share(
            {str(i): (int(w), int(t)) for i, (w, t) in enumerate(zip(well, tried, strict=True))}
        )
        return found.low, found.high

    def plain(chance: np.random.Generator) -> tuple[float, float]:
        well, tried = tries(chance)
        found = wilson_interval(int(well.sum()), int(tried.sum()))
        assert found is not None
        return found.low, found.high

    assert covered(clustered, share) >= 0.92
    assert covered(plain, share) < 0.85


@pytest.mark.parametrize("shares", [(0.5, 0.3, 0.2), (0.8, 0.15, 0.05), (0.97, 0.02, 0.01), (0.2, 0.3, 0.5)])
@pytest.mark.parametrize("people", [10, 30])
def test_the_net_promoter_score_covers_in_every_shape(shares: tuple[float, ...], people: int) -> None:
    def draw(chance: np.random.Generator) -> tuple[float | None, float | None]:
        answers = chance.choice([10, 8, 3], people, p=shares)
        found = net_promoters({str(i): [float(a)] for i, a in enumerate(answers)})
        return found.low, found.high

    assert covered(draw, shares[0] - shares[2]) >= 0.92
