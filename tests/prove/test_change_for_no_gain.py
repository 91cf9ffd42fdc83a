"""A change that is made for no gain is kept where it is proven to be not much worse, and only there."""

import pytest

from homeostat.core.errors import ConfigError
from homeostat.core.interval import Interval
from homeostat.core.objective import Measure, Objective, Term
from homeostat.core.proof import Decision, Effect
from homeostat.prove.trials.standing import Standing, decision, share_decided, undecided

FOR_GAIN = Objective((Term(Measure("duration")),), gain_min=0.02)
FOR_NONE = Objective((Term(Measure("duration")),), gain_min=0.02, worse_max=0.1)


def standing(low: float, high: float) -> Standing:
    middle = (low + high) / 2
    effect = Effect("mean of duration", 100.0, 100.0 * (1 + middle), middle, Interval(low, high, 0.95))
    return Standing(effect, (effect,), ())


@pytest.mark.parametrize(
    ("low", "high", "for_gain", "for_none"),
    [
        (-0.2, -0.1, Decision.KEEP, Decision.KEEP),
        (-0.05, 0.05, None, Decision.KEEP),
        (0.02, 0.08, Decision.ROLL_BACK, Decision.KEEP),
        (0.02, 0.2, Decision.ROLL_BACK, None),
        (0.12, 0.2, Decision.ROLL_BACK, Decision.ROLL_BACK),
    ],
)
def test_what_is_asked_decides(
    low: float, high: float, for_gain: Decision | None, for_none: Decision | None
) -> None:
    for objective, wanted in ((FOR_GAIN, for_gain), (FOR_NONE, for_none)):
        found = decision(objective, standing(low, high))
        assert (found[0] if found else None) is wanted


def test_the_reasons_name_what_is_asked() -> None:
    kept = decision(FOR_NONE, standing(0.02, 0.08))
    assert kept is not None
    assert kept[1].startswith("proven not worse by more than 10%: ")
    assert "is not proven to be not worse by more than 10%" in undecided(FOR_NONE, standing(0.02, 0.2), None)
    gained = decision(FOR_GAIN, standing(-0.2, -0.1))
    assert gained is not None
    assert gained[1].startswith("proven better by at least 2%: ")


def test_how_far_it_has_come_is_told_against_what_is_asked() -> None:
    near, far = (
        share_decided(FOR_NONE, (), standing(-0.05, 0.11)),
        share_decided(FOR_GAIN, (), standing(-0.05, 0.11)),
    )
    assert near is not None
    assert far is not None
    assert near > 0.5 > far


def test_a_loss_that_is_allowed_is_a_share() -> None:
    with pytest.raises(ConfigError, match="worse_max is a share from 0 on, not -1"):
        Objective((Term(Measure("duration")),), worse_max=-1)
