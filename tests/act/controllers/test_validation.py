"""What was kept long ago is put to the test again."""

from dataclasses import replace

import pytest

from homeostat.act.controller import AGAIN, BACK, WAY, Situation
from homeostat.act.controllers.validation import Validation
from homeostat.core.change import Change, Move
from homeostat.core.clock import DAY_NS
from homeostat.core.knob import Integers, Knob
from homeostat.core.verdict import State
from homeostat.testing.situations import after_trial, judged, later, situation

WEEK_S, DAY_S = 7 * 86_400.0, 86_400.0
WEEKLY = Validation()


def change(before: int, after: int, knob: str = "workers", **more: object) -> Change:
    return Change((Move(knob, before, after),), "climb", "more helps", **more)  # type: ignore[arg-type]


@pytest.fixture
def kept() -> Situation:
    at = situation([Knob("workers", 4, Integers(1, 64)), Knob("batch", 8, Integers(1, 64))])
    return after_trial(at, change(4, 8), kept=True)


def test_what_was_kept_a_week_ago_is_tried_against_how_it_was_before(kept: Situation) -> None:
    assert WEEKLY.propose(later(kept, WEEK_S - 60)) == ()
    (back,) = WEEKLY.propose(later(kept, WEEK_S))
    assert back.moves == (Move("workers", 8, 4),)
    assert back.labels[WAY] == AGAIN
    assert back.reason == "workers = 8 was kept 7 days ago: is it still better?"
    assert back.evidence == ("its trial showed -20.0%",)


def test_it_is_asked_once_a_week(kept: Situation) -> None:
    at = later(kept, WEEK_S)
    (back,) = WEEKLY.propose(at)
    after = after_trial(at, back, kept=False)
    assert WEEKLY.propose(later(after, WEEK_S - 60)) == ()
    assert WEEKLY.propose(later(after, WEEK_S)) != ()


def test_the_one_that_was_not_tried_for_the_longest_comes_first(kept: Situation) -> None:
    both = after_trial(later(kept, DAY_S), change(8, 16, "batch"), kept=True)
    (first,) = WEEKLY.propose(later(both, 9 * DAY_S))
    assert first.moves[0].knob == "workers"


def test_what_is_not_in_force_as_it_was_proven_is_left_alone(kept: Situation) -> None:
    at = later(kept, WEEK_S)
    assert WEEKLY.propose(replace(at, configuration={**at.configuration, "workers": 9})) == ()
    assert WEEKLY.propose(replace(at, knobs={"batch": at.knobs["batch"]})) == (), "pinned or in a trial"


def test_nothing_is_validated_in_trouble(kept: Situation) -> None:
    at = later(kept, WEEK_S)
    assert WEEKLY.propose(replace(at, judged=(judged("p95 < 1 s", State.VIOLATED),))) == ()


def test_what_was_made_for_no_gain_is_not_asked_for_one() -> None:
    at = situation([Knob("workers", 8, Integers(1, 64))])
    after = after_trial(at, change(8, 4, labels={WAY: BACK}), kept=True)
    assert WEEKLY.propose(later(after, 2 * WEEK_S)) == ()


def test_the_week_may_be_another_length(kept: Situation) -> None:
    assert Validation(every_ns=DAY_NS).propose(later(kept, DAY_S)) != ()
