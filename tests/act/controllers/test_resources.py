"""Resources: knobs no further than needed, and back when there is plenty."""

from dataclasses import replace

import pytest

from homeostat.act.controller import BACK, WAY, Reading, Situation
from homeostat.act.controllers.gauge import GAUGES, Gauge, Resource
from homeostat.act.controllers.resources import ResourceKnob, Resources
from homeostat.core.change import Change, Move
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Choices, Integers, Knob
from homeostat.observe.catalogue import load_catalogue
from homeostat.testing.situations import after_trial, later, situation

KNOBS = (
    Knob("cache_mb", 800, Integers(0, 1_000)),
    Knob("concurrency", 32, Integers(2, 64)),
    Knob("flush_batch", 10, Integers(1, 100)),
)
RESOURCES = Resources(
    (
        ResourceKnob("cache_mb", Resource.MEMORY),
        ResourceKnob("concurrency", Resource.CPU),
        ResourceKnob("flush_batch", Resource.IO, up=True),
    ),
)


def reading(at: Situation, **values: float) -> Situation:
    names = {g.resource.value: g.metric for g in GAUGES}
    return replace(at, readings={names[k]: Reading(v, None, 60) for k, v in values.items()})


def one(at: Situation) -> Change:
    (found,) = RESOURCES.propose(at)
    return found


def test_the_gauges_read_metrics_that_are_measured() -> None:
    assert {gauge.metric for gauge in GAUGES} <= load_catalogue().keys()


def test_short_memory_shrinks_the_cache_and_asks_for_no_gain() -> None:
    found = one(reading(situation(KNOBS), memory=0.9, cpu=0.7))
    assert found.words == "cache_mb 800 → 467"
    assert (found.urgent, found.labels[WAY]) == (False, BACK)
    assert found.reason == "system.memory.utilization is 90%, above 85%: cache_mb to 467."


def test_the_shorter_it_is_the_further_and_sooner_the_knob_goes() -> None:
    found = one(reading(situation(KNOBS), memory=0.99, cpu=0.7))
    assert found.urgent
    assert int(found.moves[0].after) < 467


def test_each_resource_has_its_own_knobs_and_directions() -> None:
    at = reading(situation(KNOBS), cpu=0.99, io=35.0)
    assert [c.words for c in RESOURCES.propose(at)] == ["concurrency 32 → 2", "flush_batch 10 → 37"]


def test_with_plenty_again_the_knob_goes_back_step_by_step_and_no_further() -> None:
    at = reading(situation(KNOBS), memory=0.9)
    at = reading(later(after_trial(at, one(at), kept=True), 100.0), memory=0.3)
    words = []
    while found := RESOURCES.propose(at):
        assert WAY not in found[0].labels
        words.append(found[0].words)
        at = reading(later(after_trial(at, found[0], kept=True), 100.0), memory=0.3)
    assert words == ["cache_mb 467 → 717", "cache_mb 717 → 800"]


def test_between_the_bounds_nothing_is_moved() -> None:
    at = reading(situation(KNOBS), memory=0.9)
    at = reading(later(after_trial(at, one(at), kept=True), 100.0), memory=0.7)
    assert RESOURCES.propose(at) == ()


def test_a_knob_rests_between_moves_and_longer_after_a_roll_back() -> None:
    at = reading(situation(KNOBS), memory=0.9)
    kept, failed = after_trial(at, one(at), kept=True), after_trial(at, one(at), kept=False)
    assert RESOURCES.propose(kept) == ()
    assert RESOURCES.propose(later(kept, 61.0)) != ()
    assert RESOURCES.propose(later(failed, 61.0)) == ()
    assert RESOURCES.propose(later(failed, 1_801.0)) != ()


def test_what_somebody_else_set_is_not_given_back() -> None:
    at = reading(situation(KNOBS), memory=0.9)
    at = later(after_trial(at, one(at), kept=True), 100.0)
    chosen = Change((Move("cache_mb", at.configuration["cache_mb"], 300),), "climb", "w")
    at = reading(later(after_trial(at, chosen, kept=True), 100.0), memory=0.3)
    assert RESOURCES.propose(at) == ()


def test_what_is_not_measured_is_not_judged() -> None:
    assert RESOURCES.propose(situation(KNOBS)) == ()
    assert RESOURCES.propose(reading(situation(KNOBS), memory=float("nan"))) == ()


def test_a_choice_is_moved_by_as_much_as_its_share_reaches() -> None:
    knob = Knob("cache", "large", Choices(("none", "small", "large")))
    wide = Resources((ResourceKnob("cache", Resource.MEMORY, share=0.5),))
    (found,) = wide.propose(reading(situation((knob,)), memory=0.9))
    assert found.moves[0].after in ("none", "small")


def test_wrong_gauges_are_told() -> None:
    with pytest.raises(ConfigError, match="low < high < critical"):
        Gauge(Resource.CPU, "cpu", low=0.9)
    with pytest.raises(ConfigError, match="above 0, not 0"):
        Gauge(Resource.CPU, "cpu", full=0.0)
    with pytest.raises(ConfigError, match="one gauge"):
        Resources(gauges=(GAUGES[0], GAUGES[0]))
