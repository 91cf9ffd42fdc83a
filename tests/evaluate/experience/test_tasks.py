"""Claims about tasks and learning."""

from collections.abc import Callable

import numpy as np
import pytest

from homeostat.core.clock import DAY_NS
from homeostat.evaluate.experience.learning import LearningCurve, learning_curve
from homeostat.evaluate.experience.tasks import Attempt, completion, task_figures
from homeostat.stats.not_known import NotKnown


def attempt(person: int, at: int = 0, seconds: float = 10.0, done: bool = True, **more: int) -> Attempt:
    return Attempt(person=str(person), task="export", at_ns=at, seconds=seconds, done=done, **more)


def test_a_task_tells_completion_hitches_errors_retries_and_the_geometric_mean_of_its_time() -> None:
    tries = [attempt(i, seconds=(4.0, 16.0)[i % 2], errors=i % 2, retries=2 * (i % 2)) for i in range(10)]
    tries += [attempt(i, done=False, seconds=999.0) for i in range(10)]
    (found,) = task_figures(tries)
    assert found.done.value == 0.5
    assert found.clean.value == 0.75
    assert found.errors.value == pytest.approx(0.25)
    assert found.retries.value == pytest.approx(0.5)
    assert found.seconds.value == pytest.approx(8.0)
    assert found.seconds.n == 10
    assert found.errors.low is not None
    assert found.errors.low >= 0.0


def test_the_task_tried_most_comes_first() -> None:
    rare = [Attempt(person="a", task="rare", at_ns=0, seconds=1.0, done=True)]
    assert [t.task for t in task_figures([*rare, attempt(1), attempt(2)])] == ["export", "rare"]


def test_few_people_are_not_told_however_often_they_tried() -> None:
    assert completion([attempt(1) for _ in range(100)]).value is None


Practice = Callable[[np.random.Generator, int, float], int]


def usual(chance: np.random.Generator, person: int, level: float) -> int:
    """Return how often somebody tries: slow ones give up earlier."""
    return int(np.clip(chance.integers(3, 16) - 4 * (level - 3.0), 2, 20))


def one_for_ever(chance: np.random.Generator, person: int, level: float) -> int:
    """Return how often somebody tries: the first one 200 times, the others a few."""
    return 200 if person == 0 else int(chance.integers(2, 6))


def learners(
    chance: np.random.Generator, people: int, exponent: float, spread: float, practice: Practice
) -> list[Attempt]:
    """Return tries of people of different level and learning."""
    made = []
    for person in range(people):
        level = chance.normal(3.0, 0.6)
        own = chance.normal(exponent, spread)
        for n in range(1, practice(chance, person, level) + 1):
            seconds = float(np.exp(level - own * np.log(n) + chance.normal(0, 0.3)))
            made.append(attempt(person, at=n, seconds=seconds))
    return made


@pytest.mark.parametrize(("people", "exponent"), [(5, 0.3), (30, 0.3), (30, 0.0)])
@pytest.mark.parametrize("practice", [usual, one_for_ever])
@pytest.mark.parametrize("spread", [0.1, 0.3])
def test_the_interval_of_learning_covers_the_mean_exponent(
    people: int, exponent: float, practice: Practice, spread: float
) -> None:
    chance = np.random.default_rng(87)
    rounds, hits = 100, 0
    for _ in range(rounds):
        found = learning_curve("export", learners(chance, people, exponent, spread, practice))
        assert isinstance(found, LearningCurve)
        assert found.saved.low is not None
        assert found.saved.high is not None
        hits += found.saved.low <= 1.0 - 2.0**-exponent <= found.saved.high
    assert hits / rounds >= 0.9


def test_who_tried_before_anything_was_kept_is_no_beginner() -> None:
    begun = 30 * DAY_NS
    experts = [attempt(i, at=begun + n * DAY_NS, seconds=5.0) for i in range(20) for n in range(9)]
    beginners = [
        attempt(100 + i, at=begun + (9 + n) * DAY_NS, seconds=20.0 * n**-0.5)
        for i in range(6)
        for n in range(1, 9)
    ]
    found = learning_curve("export", experts + beginners, since_ns=begun)
    assert isinstance(found, LearningCurve)
    assert found.exponent == pytest.approx(0.5)
    assert found.saved.people == 6


def test_slow_people_who_give_up_do_not_pass_for_learning() -> None:
    made = []
    for person in range(20):
        slow = person < 10
        made += [attempt(person, at=n, seconds=60.0 if slow else 10.0) for n in range(1, 3 if slow else 12)]
    found = learning_curve("export", made)
    assert isinstance(found, LearningCurve)
    assert found.exponent == pytest.approx(0.0, abs=1e-9)
    by_number = {p.number: p.seconds for p in found.points}
    assert by_number[1] == pytest.approx(by_number[5])  # nor do they on the page


def test_the_curve_is_that_of_the_law_it_was_made_by() -> None:
    made = [attempt(i, at=n, seconds=(10 + i) * n**-0.5) for i in range(8) for n in range(1, 10)]
    found = learning_curve("export", made)
    assert isinstance(found, LearningCurve)
    assert found.exponent == pytest.approx(0.5)
    assert found.seconds(4) == pytest.approx(found.first_s / 2)
    assert [p.number for p in found.points] == list(range(1, 10))


def test_tries_that_were_not_done_count_as_practice_but_not_as_time() -> None:
    made = []
    for i in range(6):
        made += [attempt(i, at=1, seconds=8.0), attempt(i, at=2, seconds=500.0, done=False)]
        made += [attempt(i, at=4, seconds=8.0 * 3**-0.5)]
    found = learning_curve("export", made)
    assert isinstance(found, LearningCurve)
    assert found.exponent == pytest.approx(0.5)


def test_learning_is_not_known_before_five_people_did_it_twice() -> None:
    found = learning_curve("export", [attempt(i, at=n) for i in range(3) for n in range(9)])
    assert isinstance(found, NotKnown)
    assert "2 more people who did it twice" in found.reason
    assert isinstance(learning_curve("export", []), NotKnown)
