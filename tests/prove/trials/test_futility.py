"""Trials that cannot be decided for their change any more are given up, and no others."""

import pytest

from homeostat.core.change import Change, Move
from homeostat.core.clock import HOUR_NS, SECOND_NS
from homeostat.core.interval import Interval
from homeostat.core.objective import Measure, Objective, Summary, Term
from homeostat.core.proof import Decision, Effect
from homeostat.prove.trials.futility import futile
from homeostat.prove.trials.trial import Progress, TrialPlan


def plan(summary: Summary = Summary.P95) -> TrialPlan:
    """Return the plan of a trial of two hours."""
    change = Change((Move("workers", 8, 4),), "test", "to see")
    objective = Objective((Term(Measure("duration", summary)),))
    return TrialPlan("t", change, objective, (), 0, 2 * HOUR_NS)


def progress(requests: int, estimate: float, half: float | None = None) -> Progress:
    """Return how far a trial has come: an effect with its interval, from so many requests of each arm."""
    interval = None if half is None else Interval(estimate - half, estimate + half, 0.95)
    effect = Effect("p95 of duration", 1.0, 1.0 + estimate, estimate, interval)
    return Progress(requests, requests, 0.1, effect, (effect,), (), None, None, "running")


@pytest.mark.parametrize(
    ("summary", "requests", "ended"),
    [
        (Summary.P95, 40, False),
        (Summary.P95, 100, True),
        (Summary.MEAN, 99, False),
        (Summary.MEAN, 100, True),
        (Summary.P99, 400, False),
        (Summary.P99, 500, True),
    ],
)
def test_what_looks_like_harm_ends_a_trial_at_once_but_not_by_the_luck_of_few_requests(
    summary: Summary, requests: int, ended: bool
) -> None:
    found = futile(progress(requests, 0.6), plan(summary), 30 * SECOND_NS)
    assert (found is not None) == ended
    if found is not None:
        assert found.decision is Decision.ROLL_BACK


def test_what_hardly_differs_is_given_up_once_the_time_left_cannot_help() -> None:
    assert futile(progress(5_000, -0.01, 0.1), plan(), HOUR_NS) is not None


def test_a_gain_that_will_be_clear_before_the_deadline_goes_on() -> None:
    assert futile(progress(5_000, -0.12, 0.15), plan(), HOUR_NS) is None


def test_an_interval_that_is_wide_towards_worse_alone_is_not_hopeless() -> None:
    effect = Effect("p95 of duration", 12_000.0, 2_000.0, -0.83, Interval(-0.98, 0.63, 0.95))
    found = Progress(5_000, 5_000, 0.1, effect, (effect,), (), None, None, "running")
    assert futile(found, plan(), HOUR_NS) is None


def test_of_a_measure_that_is_better_higher_a_loss_is_told_as_one() -> None:
    worse = Effect("mean of recall", 0.8, 0.7, 0.1, Interval(-0.02, 0.22, 0.95))
    recall = Effect("mean of recall", 0.8, 0.7, -0.1, Interval(-0.22, 0.02, 0.95))
    found = futile(Progress(5_000, 5_000, 0.1, worse, (recall,), (), None, None, "running"), plan(), HOUR_NS)
    assert found is not None
    assert "mean of recall −10% (−22% to +2%)" in found.reason
