"""A degradation drops its steps in order, one at a time, and a ladder climbs it."""

import pytest

from homeostat import Homeostat
from homeostat.act.controllers.ladder import Ladder
from homeostat.core.change import Change, Move
from homeostat.core.errors import ConfigError, InputError
from homeostat.runtime.limits.degradation import Degradation
from homeostat.testing.bare_host import BareHost

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


def test_a_ladder_climbs_its_rungs() -> None:
    host = BareHost()
    degradation = Degradation(host, "answer", STEPS)
    ladder = Ladder("answer", degradation.rungs)
    assert [rung.to for rung in ladder.rungs] == [1, 2, 3]
    knob = host.knob_set.knobs["answer_degradation"]
    assert [rung.goal(knob, 0) for rung in ladder.rungs] == [1, 2, 3]


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
