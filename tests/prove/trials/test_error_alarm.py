"""Claims about the error alarm: quick where a change breaks things, quiet where it keeps to its margin."""

import numpy as np
import pytest

from homeostat.core.errors import ConfigError, InputError
from homeostat.prove.trials.error_alarm import ErrorAlarm


def rung(rates, share=0.5, relative=0.0, absolute=0.0, seeds=200, requests=4_000, alpha=0.05):
    """Return how many of some trials ring, looked at every 20 requests."""
    count = 0
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        treated = (random.random(requests) < share).reshape(-1, 20)
        failed = random.random(treated.shape) < np.where(treated, rates[1], rates[0])
        alarm = ErrorAlarm(share, relative, absolute)
        for arm, fails in zip(treated, failed, strict=True):
            alarm.extend(
                int(arm.sum()), int((arm & fails).sum()), int((~arm).sum()), int((~arm & fails).sum())
            )
        count += alarm.rings(alpha)
    return count


@pytest.mark.parametrize(
    ("rates", "share", "relative", "absolute"),
    [
        ((0.02, 0.02), 0.5, 0.0, 0.0),
        ((0.02, 0.03), 0.5, 0.5, 0.0),
        ((0.02, 0.04), 0.5, 0.0, 0.02),
        ((0.05, 0.05), 0.1, 0.0, 0.0),
    ],
)
def test_trials_within_the_margin_ring_no_more_often_than_stated(rates, share, relative, absolute):
    assert rung(rates, share, relative, absolute) <= 16  # of 200 at 5%: 17 or more in 2.3% of cases


def test_three_times_the_errors_ring():
    assert rung((0.02, 0.06), seeds=50) >= 45
    assert rung((0.02, 0.06), seeds=50, absolute=0.01) >= 40


def test_nine_errors_that_all_fall_into_the_treatment_are_enough():
    alarm = ErrorAlarm(0.5)
    alarm.extend(10, 8, 10, 0)
    assert not alarm.rings()
    alarm.extend(1, 1, 0, 0)
    assert alarm.rings()
    assert alarm.words == "too many requests fail: 9 of 11 with the change, 0 of 10 without it"


def test_an_alarm_once_rung_is_not_forgotten():
    alarm = ErrorAlarm(0.5)
    alarm.extend(20, 20, 20, 0)
    alarm.extend(0, 0, 100, 100)
    assert alarm.rings()


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="cannot fail"):
        ErrorAlarm(0.5).extend(1, 2, 0, 0)
    with pytest.raises(ConfigError, match="share must lie between 0 and 1"):
        ErrorAlarm(1.0)
