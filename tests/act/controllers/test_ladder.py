"""The ladder: the gentlest step first, no step twice without reason, and back again when there is room."""

from dataclasses import replace

import pytest

from homeostat.act.controller import WAY, Situation
from homeostat.act.controllers.ladder import Ladder, Rung
from homeostat.core.change import Change
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Choices, Integers, Knob
from homeostat.core.verdict import State
from homeostat.testing.situations import after_trial, judged, later, situation

KNOBS = (
    Knob("passages", 8, Integers(1, 10)),
    Knob("model", "large", Choices(("small", "large"))),
    Knob("concurrency", 32, Integers(1, 64), step_max=0.2),
)
LADDER = Ladder("slow", (Rung("passages", to=4), Rung("model", to="small"), Rung("concurrency", by=-0.25)))
SLOW = (judged("p95 < 2 s", State.VIOLATED),)


def fine(at: Situation, since_s: float = 600.0, slack: float = 0.5) -> Situation:
    return replace(at, judged=(judged("p95 < 2 s", State.WITHIN, since_s, at.now_ns),), slack=slack)


def one(ladder: Ladder, at: Situation) -> Change:
    (found,) = ladder.propose(at)
    return found


def climb(ladder: Ladder, at: Situation, times: int) -> Situation:
    for _ in range(times):
        at = later(after_trial(at, one(ladder, at), kept=True), 120.0)
    return at


def test_the_gentlest_step_comes_first_and_is_urgent() -> None:
    found = one(LADDER, situation(KNOBS, judged=SLOW))
    assert (found.words, found.urgent) == ("passages 8 → 4", True)
    assert found.reason == "p95 < 2 s is violated: step 1 of 3 is passages to 4."


def test_steps_follow_until_the_last() -> None:
    at = climb(LADDER, situation(KNOBS, judged=SLOW), 3)
    assert at.configuration == {"passages": 4, "model": "small", "concurrency": 19}
    assert LADDER.propose(at) == ()


def test_a_step_is_given_time_to_show() -> None:
    at = situation(KNOBS, judged=SLOW)
    at = after_trial(at, one(LADDER, at), kept=True)
    assert LADDER.propose(at) == ()
    assert one(LADDER, later(at, 60.0)).words == "model large → small"


def test_a_step_that_was_rolled_back_is_passed_over_until_it_is_forgotten() -> None:
    at = situation(KNOBS, judged=SLOW)
    at = after_trial(at, one(LADDER, at), kept=False)
    assert one(LADDER, at).words == "model large → small"
    assert one(LADDER, later(at, 3_601.0)).words == "passages 8 → 4"
    assert one(LADDER, replace(at, regime="heavy")).words == "passages 8 → 4"


def test_with_slack_it_steps_back_the_last_step_first() -> None:
    at = fine(later(climb(LADDER, situation(KNOBS, judged=SLOW), 2), 600.0))
    found = one(LADDER, at)
    assert (found.words, found.urgent, found.labels[WAY]) == ("model small → large", False, "back")
    at = fine(later(after_trial(at, found, kept=True), 600.0))
    at = after_trial(at, one(LADDER, at), kept=True)
    assert at.configuration["passages"] == 8
    assert LADDER.propose(fine(later(at, 600.0))) == ()


@pytest.mark.parametrize(("since_s", "slack"), [(600.0, 0.1), (100.0, 0.5)])
def test_little_slack_or_a_short_calm_is_no_reason_to_step_back(since_s: float, slack: float) -> None:
    at = later(climb(LADDER, situation(KNOBS, judged=SLOW), 1), 600.0)
    assert LADDER.propose(fine(at, since_s, slack)) == ()


def test_it_does_not_swing_back_right_after_a_step() -> None:
    at = situation(KNOBS, judged=SLOW)
    at = after_trial(at, one(LADDER, at), kept=True)
    assert LADDER.propose(fine(later(at, 200.0))) == ()


def test_a_step_back_that_failed_waits() -> None:
    at = fine(later(climb(LADDER, situation(KNOBS, judged=SLOW), 1), 600.0))
    at = fine(later(after_trial(at, one(LADDER, at), kept=False), 600.0))
    assert LADDER.propose(at) == ()
    assert LADDER.propose(fine(later(at, 3_600.0))) != ()


def test_a_value_beyond_the_longest_step_is_reached_in_several() -> None:
    ladder = Ladder("slow", (Rung("concurrency", to=2),))
    at = climb(ladder, situation(KNOBS, judged=SLOW), 3)
    assert at.configuration["concurrency"] == 2
    assert ladder.propose(at) == ()
    for _ in range(3):
        at = fine(later(at, 600.0))
        at = after_trial(at, one(ladder, at), kept=True)
    assert at.configuration["concurrency"] == 32
    assert ladder.propose(fine(later(at, 600.0))) == ()


def test_two_steps_of_one_knob_go_on_where_the_first_ended() -> None:
    ladder = Ladder("slow", (Rung("passages", to=6), Rung("model", to="small"), Rung("passages", to=2)))
    at = climb(ladder, situation(KNOBS, judged=SLOW), 3)
    assert at.configuration["passages"] == 2
    assert ladder.propose(at) == ()
    at = fine(later(at, 600.0))
    assert one(ladder, at).words == "passages 2 → 6"


def test_what_a_person_set_otherwise_is_no_longer_climbed() -> None:
    at = fine(later(climb(LADDER, situation(KNOBS, judged=SLOW), 1), 600.0))
    at = replace(at, configuration={**at.configuration, "passages": 5})
    assert LADDER.propose(at) == ()


def test_only_its_own_targets_move_it() -> None:
    ladder = replace(LADDER, targets=frozenset({"cost < 1 USD"}))
    assert ladder.propose(situation(KNOBS, judged=SLOW)) == ()


def test_a_knob_that_may_not_be_turned_is_passed_over() -> None:
    assert one(LADDER, situation(KNOBS[1:], judged=SLOW)).words == "model large → small"


def test_nothing_is_done_while_targets_are_unknown() -> None:
    assert LADDER.propose(situation(KNOBS, judged=(judged("p95 < 2 s", State.UNKNOWN),))) == ()


def test_wrong_rungs_are_told() -> None:
    with pytest.raises(ConfigError, match="either a value to set or a share"):
        Rung("passages")
    with pytest.raises(ConfigError, match="from -1 to 1, not 2"):
        Rung("passages", by=2.0)
    with pytest.raises(ConfigError, match="at least one rung"):
        Ladder("empty", ())
