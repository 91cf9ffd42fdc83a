"""A degradation drops its steps in order, one at a time, and a ladder climbs it."""

from dataclasses import replace

import pytest

from homeostat import Homeostat
from homeostat.act.controllers.ladder import Ladder
from homeostat.core.change import Change, Move
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.plant import Steering
from homeostat.core.verdict import State
from homeostat.runtime.limits.degradation import Degradation
from homeostat.testing.bare_host import BareHost
from homeostat.testing.situations import SECOND, after_trial, judged, situation

STEPS = ["rerank", "long_context", "big_model"]


def test_the_knob_says_how_many_steps_are_dropped_the_first_ones_first() -> None:
    host = BareHost()
    degradation = Degradation(host, "answer", STEPS)
    for level in range(4):
        host.knob_set.pin("answer_degradation", level)
        assert [degradation.drops(step) for step in STEPS] == [level > n for n in range(3)]
        assert degradation.level == level
    assert host.total("degradation.dropped", step="rerank") == 3
    assert host.total("degradation.dropped", step="big_model") == 1


def test_the_loop_drops_one_step_at_a_time() -> None:
    host = BareHost()
    Degradation(host, "answer", STEPS)
    host.knob_set.check(Change((Move("answer_degradation", 0, 1),), "test", ""))
    with pytest.raises(InputError, match="at most 33%"):
        host.knob_set.check(Change((Move("answer_degradation", 0, 2),), "test", ""))


def test_a_ladder_climbs_it_one_rung_after_the_other_and_down_again() -> None:
    host = BareHost()
    degradation = Degradation(host, "answer", STEPS)
    ladder = Ladder("answer", degradation.rungs, settle_s=0.0, calm_s=60.0)
    violated = (judged("answer p95 < 2 s", State.VIOLATED),)
    at = situation(host.knob_set.knobs.values(), judged=violated)
    for level in (1, 2, 3):
        (change,) = ladder.propose(at)
        assert [(move.knob, move.after) for move in change.moves] == [("answer_degradation", level)]
        host.knob_set.check(change)
        host.knob_set.steer(Steering(change.applied(host.knob_set.configuration)))
        assert degradation.level == level
        at = after_trial(at, change, kept=True)
    assert ladder.propose(at) == ()
    calm = (judged("answer p95 < 2 s", State.WITHIN, since_s=3_600.0, at=at.now_ns + 3_600 * SECOND),)
    at = replace(at, judged=calm, slack=0.5, now_ns=at.now_ns + 3_600 * SECOND)
    (back,) = ladder.propose(at)
    assert [(move.before, move.after) for move in back.moves] == [(3, 2)]


def test_one_step_is_enough_and_a_request_may_have_its_own_level() -> None:
    with Homeostat(keep=False) as hs:
        degradation = Degradation(hs, "answer", ["rerank"])
        with hs.request("answer", user="ann"):
            assert not degradation.drops("rerank")
        assert hs.knob_set.knobs["answer_degradation"].scope == "request"


@pytest.mark.parametrize("steps", [[], ["a", "a"], "rerank"])
def test_steps_that_make_no_order_are_refused(steps: list[str]) -> None:
    with pytest.raises(ConfigError, match="different steps"):
        Degradation(BareHost(), "answer", steps)


def test_an_unknown_step_is_named_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="no step 'rerenk'; the steps are rerank, long_context"):
        Degradation(BareHost(), "answer", STEPS).drops("rerenk")
