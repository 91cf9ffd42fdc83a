"""What is asked of a change depends on what it is made for."""

import pytest

from homeostat.act.controller import BACK, MUST, WAY, WORSE_MAX, for_no_gain
from homeostat.core.change import Change, Move
from homeostat.core.knob import Integers, Knob
from homeostat.core.objective import Measure, Objective, Term
from homeostat.loop.governing.planning import asked_of
from homeostat.testing.situations import situation

OBJECTIVE = Objective((Term(Measure("duration")),), gain_min=0.02)


def change(**labels: str) -> Change:
    return Change((Move("a", 1, 2),), "test", "why", labels=labels)


def test_a_change_is_made_for_a_gain_unless_it_says_otherwise() -> None:
    assert asked_of(change(), OBJECTIVE) == OBJECTIVE
    assert asked_of(change(**{WAY: "up"}), OBJECTIVE).bound == -0.02


def test_what_is_given_up_or_obeyed_may_cost_something() -> None:
    assert asked_of(change(**{WAY: BACK, WORSE_MAX: "0.2"}), OBJECTIVE).bound == 0.2
    assert asked_of(change(**{WAY: BACK}), OBJECTIVE).bound == 0.05
    assert asked_of(change(**{WAY: MUST}), OBJECTIVE).bound == 1.0


@pytest.mark.parametrize(
    ("slack", "room"), [(None, "0.05"), (0.0, "0.05"), (0.2, "0.125"), (0.5, "0.5"), (0.95, "1")]
)
def test_the_room_is_half_of_what_the_nearest_target_leaves(slack: float | None, room: str) -> None:
    at = situation((Knob("a", 1, Integers(1, 3)),), slack=slack)
    assert for_no_gain(at) == {WAY: BACK, WORSE_MAX: room}
