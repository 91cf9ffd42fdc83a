"""The crowd speaks at the rate that was asked for, in sittings, and waits for nobody."""

from collections import Counter, defaultdict

import pytest

from homeostat.companion.loadtest.crowd import Plan, Utterance, crowd
from homeostat.companion.loadtest.habits import habits
from homeostat.core.errors import ConfigError

PLAN = Plan(people=500, active=100, rate_per_s=50.0, duration_s=200.0, history=10, seed=3)


@pytest.fixture(scope="module")
def said() -> list[Utterance]:
    return list(crowd(habits(), PLAN))


def test_all_together_speak_at_the_rate_in_order_of_time(said: list[Utterance]) -> None:
    assert len(said) == pytest.approx(PLAN.rate_per_s * PLAN.duration_s, rel=0.1)
    times_s = [one.time_s for one in said]
    assert times_s == sorted(times_s)
    assert times_s[-1] < PLAN.duration_s


def test_the_rate_holds_from_the_beginning(said: list[Utterance]) -> None:
    tenths = Counter(int(one.time_s // (PLAN.duration_s / 10)) for one in said)
    expected = PLAN.rate_per_s * PLAN.duration_s / 10
    assert all(0.75 * expected < tenths[n] < 1.25 * expected for n in range(10))


def test_nobody_is_in_two_talks_at_once(said: list[Utterance]) -> None:
    talks: dict[int, list[int]] = defaultdict(list)
    for one in said:
        if not talks[one.person] or talks[one.person][-1] != one.talk:
            talks[one.person].append(one.talk)
    assert all(len(order) == len(set(order)) for order in talks.values())


def test_people_who_were_silent_come_in(said: list[Utterance]) -> None:
    assert len({one.person for one in said}) > 2 * PLAN.active


def test_what_a_person_says_goes_on_where_the_history_ended(said: list[Utterance]) -> None:
    texts: dict[int, list[str]] = defaultdict(list)
    for one in said:
        texts[one.person].append(one.turn.text)
    histories = habits().histories
    for person, spoken in texts.items():
        history = histories[person % len(histories)]
        expected = [history[(PLAN.history + n) % len(history)].text for n in range(len(spoken))]
        assert spoken == expected


def test_the_same_seed_says_the_same(said: list[Utterance]) -> None:
    assert list(crowd(habits(), PLAN)) == said


@pytest.mark.parametrize(
    "wrong", [{"active": 0}, {"active": 501}, {"rate_per_s": 0.0}, {"duration_s": -1.0}, {"history": -1}]
)
def test_plans_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Plan(**({"people": 500, "active": 100, "rate_per_s": 1.0} | wrong))  # type: ignore[arg-type]
