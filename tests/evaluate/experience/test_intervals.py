"""Claims about the intervals of experience, by simulation: how often they hold what is true."""

from collections.abc import Callable

import numpy as np
import pytest

from homeostat.evaluate.experience.bounded import bounded_interval
from homeostat.evaluate.experience.mean_of_people import mean_of_people
from homeostat.evaluate.experience.recommendation import net_promoters
from homeostat.evaluate.experience.tasks import Attempt, task_figures
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


Tries = Callable[[np.random.Generator, int], np.ndarray]


def alike(chance: np.random.Generator, people: int) -> np.ndarray:
    return chance.integers(1, 21, people)


def one_tries_most(chance: np.random.Generator, people: int) -> np.ndarray:
    return np.array([200] + [1] * (people - 1))


def few_try_often(chance: np.random.Generator, people: int) -> np.ndarray:
    return np.minimum(1 + chance.pareto(1.0, people), 500).astype(int)


@pytest.mark.parametrize(("share", "correlation"), [(0.5, 0.3), (0.8, 0.3), (0.95, 0.5)])
@pytest.mark.parametrize("people", [5, 40])
@pytest.mark.parametrize("tries", [alike, one_tries_most, few_try_often])
def test_a_share_of_peoples_tries_covers_however_unlike_their_activity_and_plain_trials_do_not(
    share: float, correlation: float, people: int, tries: Tries
) -> None:
    strength = (1 - correlation) / correlation

    def drawn(chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        own = chance.beta(share * strength, (1 - share) * strength, people)
        tried = tries(chance, people)
        return chance.binomial(tried, own), tried

    def by_person(chance: np.random.Generator) -> tuple[float | None, float | None]:
        well, tried = drawn(chance)
        found = mean_of_people(
            {str(i): [1.0] * w + [0.0] * (t - w) for i, (w, t) in enumerate(zip(well, tried, strict=True))}
        )
        return found.low, found.high

    def plain(chance: np.random.Generator) -> tuple[float, float]:
        well, tried = drawn(chance)
        found = wilson_interval(int(well.sum()), int(tried.sum()))
        assert found is not None
        return found.low, found.high

    assert covered(by_person, share) >= 0.92
    assert covered(plain, share) < 0.9


@pytest.mark.parametrize(("mean", "spread", "least"), [(0.05, 1.0, 0.92), (2.0, 1.0, 0.92), (0.3, 3.0, 0.86)])
@pytest.mark.parametrize("people", [5, 40])
def test_how_many_errors_come_on_a_try_covers_where_some_people_err_far_more(
    mean: float, spread: float, least: float, people: int
) -> None:
    def draw(chance: np.random.Generator) -> tuple[float | None, float | None]:
        own = chance.gamma(1 / spread, mean * spread, people)
        found = task_figures(
            Attempt(person=str(i), task="t", at_ns=0, seconds=1.0, done=True, errors=int(errors))
            for i, rate in enumerate(own)
            for errors in chance.poisson(rate, chance.integers(1, 21))
        )[0].errors
        return found.low, found.high

    assert covered(draw, mean) >= least


def test_no_error_of_five_people_is_no_proof_that_none_ever_comes() -> None:
    tries = [Attempt(person=str(i), task="t", at_ns=0, seconds=1.0, done=True) for i in range(5)]
    found = task_figures(tries)[0].errors
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high is not None
    assert found.high > 0.5
    always = [Attempt(person=str(i), task="t", at_ns=0, seconds=1.0, done=True, errors=1) for i in range(5)]
    found = task_figures(always)[0].errors
    assert found.low is not None
    assert found.low < 0.8


@pytest.mark.parametrize("people", [5, 30])
def test_the_time_of_a_task_covers_the_middle_persons(people: int) -> None:
    def draw(chance: np.random.Generator) -> tuple[float | None, float | None]:
        found = task_figures(
            Attempt(person=str(i), task="t", at_ns=0, seconds=float(np.exp(seconds)), done=True)
            for i, own in enumerate(chance.normal(3.0, 0.6, people))
            for seconds in chance.normal(own, 0.4, chance.integers(1, 9))
        )[0].seconds
        return found.low, found.high

    assert covered(draw, float(np.exp(3.0))) >= 0.92


@pytest.mark.parametrize("shares", [(0.5, 0.3, 0.2), (0.8, 0.15, 0.05), (0.97, 0.02, 0.01), (0.2, 0.3, 0.5)])
@pytest.mark.parametrize("people", [5, 10, 30])
def test_the_net_promoter_score_covers_in_every_shape(shares: tuple[float, ...], people: int) -> None:
    def draw(chance: np.random.Generator) -> tuple[float | None, float | None]:
        answers = chance.choice([10, 8, 3], people, p=shares)
        found = net_promoters({str(i): [float(a)] for i, a in enumerate(answers)})
        return found.low, found.high

    assert covered(draw, shares[0] - shares[2]) >= 0.92
