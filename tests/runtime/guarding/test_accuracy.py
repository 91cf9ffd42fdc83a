"""Claims about the canaries: what they are, and that their figures are what the guard does with them."""

import re
from collections import Counter

import pytest

from homeostat.core.errors import ConfigError
from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.guard import Guard
from homeostat.evaluate.safety.policy import Policy, policy
from homeostat.runtime.guarding.canary import canaries, canaries_of
from homeostat.runtime.guarding.figures import fixed, growing
from homeostat.runtime.guarding.guarding import Guarding
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock

PLANTED = """
[en profanity 4]
What the fuck is this?
A mild text that is planted as if it were not.
[en innocent]
The lamp is on.
[en trigger named]
spiders: A spider sat there.
"""


def planted_on(rules: Policy, host: BareHost) -> Guarding:
    return Guarding(host, Guard(rules), planted=canaries_of(PLANTED, "a test"))


def test_there_are_more_than_two_hundred_of_each_category_and_two_languages_none_twice() -> None:
    found = canaries()
    assert len(found) > 250
    assert {one.category for one in found} == {*Category, None}
    assert {one.language for one in found} == {"en", "de"}
    assert sum(one.category is None for one in found) > 100
    assert max(Counter(one.text for one in found).values()) == 1


def runs_of(text: str, words: int = 6) -> set[tuple[str, ...]]:
    """Return all runs of so many words."""
    said = re.findall(r"[\w']+", text.lower())
    return set(zip(*(said[at:] for at in range(words)), strict=False))


def test_none_shares_six_words_in_a_row_with_what_was_learned_from() -> None:
    from importlib.resources import files

    learned = files("homeostat.evaluate.safety").joinpath("prototypes.txt").read_text(encoding="utf-8")
    runs = {run for line in learned.splitlines() for run in runs_of(line)}
    assert not [one.text for one in canaries() if not runs.isdisjoint(runs_of(one.text))]


def test_figures_are_what_the_guard_does_with_them() -> None:
    host = BareHost()
    found = planted_on(policy("child"), host).measure()
    assert (found.whole, found.tried) == (True, 4)
    assert found.filter.value == pytest.approx(2 / 3)
    assert found.filter.n == 3
    (detection,) = found.detection
    assert (detection.category, detection.language, detection.detected.value) == ("profanity", "en", 0.5)
    assert detection.missed.value == 0.5
    assert [(one.category, one.held.value, one.held.n) for one in found.false_alarms] == [("all", 0.0, 1)]
    assert (found.trigger_named.value, found.trigger_named.n) == (1.0, 1)
    assert found.trigger_meant.value is None


def tried(guarding: Guarding, count: int) -> bool:
    assert guarding.probe(count)
    return guarding.watched


def test_figures_are_recorded_when_all_were_tried_and_not_before() -> None:
    clock = ManualClock()
    host = BareHost(clock)
    guarding = planted_on(policy("child"), host)
    clock.advance(1.0)
    assert not tried(guarding, 3)
    assert host.snapshot("safety.filter_accuracy").count == 0
    assert tried(guarding, 1)
    assert host.snapshot("safety.filter_accuracy").last == pytest.approx(2 / 3)
    assert host.snapshot("safety.trigger_prevention", how="named").last == 1.0
    assert host.total("safety.canaries", outcome="wrong") == 1


def test_figures_are_recorded_anew_with_each_canary_of_later_rounds() -> None:
    clock = ManualClock()
    host = BareHost(clock)
    guarding = planted_on(policy("child"), host)
    clock.advance(1.0)
    assert tried(guarding, 4)
    before = host.snapshot("safety.filter_accuracy").count
    for _ in range(3):
        clock.advance(1.0)
        assert tried(guarding, 1)
    assert host.snapshot("safety.filter_accuracy").count == before + 3


def test_what_a_policy_lets_pass_is_not_held_against_its_guard() -> None:
    found = planted_on(policy("adult"), BareHost()).measure()
    assert found.tried == 2
    assert (found.filter.value, found.filter.n) == (1.0, 1)


def test_harmless_texts_in_a_language_that_it_cannot_read_count_for_nothing() -> None:
    dutch = "[nl innocent]\nWij drinken thee.\n[nl hate 8]\nEen zin die hier als haat geldt.\n"
    host = BareHost()
    found = Guarding(host, Guard(policy("adult")), planted=canaries_of(dutch, "a test")).measure()
    assert (found.filter.value, found.filter.n) == (0.0, 1)
    assert [(one.language, one.n) for one in found.not_covered] == [("nl", 1)]
    assert not found.false_alarms
    assert host.total("safety.canaries", outcome="not_covered") == 1
    assert host.total("safety.canaries", outcome="right") == 0


def test_trying_the_same_texts_again_makes_nothing_surer() -> None:
    guarding = planted_on(policy("child"), BareHost())
    assert guarding.measure() == guarding.measure()


def test_every_trigger_that_is_named_is_held_by_words_alone() -> None:
    found = Guarding(BareHost(), Guard(policy("adult"))).measure()
    assert found.trigger_named.value == 1.0
    assert found.trigger_named.n == 15


@pytest.mark.parametrize("text", ["[en hat 8]\nx", "[en hate]\nx", "x", "[en trigger named]\nno colon"])
def test_canaries_that_cannot_be_read_are_named_by_their_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"here, line \d"):
        canaries_of(text, "here")


def test_of_no_case_nothing_is_known() -> None:
    assert fixed([]).value is None
    assert growing([]).value is None
    assert growing([True]).n == 1
