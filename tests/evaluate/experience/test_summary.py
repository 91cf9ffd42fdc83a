"""Claims about the summary of an application's experience."""

from homeostat.core.clock import DAY_NS
from homeostat.evaluate.experience.events import NAMELESS, Answer, Asked, Choice, Visit
from homeostat.evaluate.experience.summary import Events, summary
from homeostat.evaluate.experience.tasks import Attempt

NOW = 20_000 * DAY_NS


def visit(person: int, at_ns: int = NOW - DAY_NS) -> Visit:
    return Visit(person=str(person), at_ns=at_ns, last_ns=at_ns, interactions=3, features={"search": 1})


def answer(person: object, at_ns: int = NOW - DAY_NS) -> Answer:
    return Answer(person=str(person), at_ns=at_ns, instrument="rating", value=8.0)


def test_the_response_rate_is_of_those_asked_else_of_those_who_came() -> None:
    came = [visit(i) for i in range(20)]
    answers = [answer(i) for i in range(5)]
    asked = [Asked(person=str(i), at_ns=NOW - DAY_NS, instrument="rating") for i in range(10)]
    seen = summary("shop", Events(answers=answers, visits=came), NOW - 30 * DAY_NS, NOW)
    assert seen.feedback["rating"].response_rate == 0.25
    told = summary("shop", Events(answers=answers, visits=came, asked=asked), NOW - 30 * DAY_NS, NOW)
    assert told.feedback["rating"].response_rate == 0.5


def test_who_answers_unasked_does_not_raise_the_response_rate() -> None:
    answers = [answer(i) for i in range(20)]
    asked = [Asked(person=str(i), at_ns=NOW - DAY_NS, instrument="rating") for i in range(15, 25)]
    found = summary("shop", Events(answers=answers, asked=asked), NOW - 30 * DAY_NS, NOW)
    assert found.feedback["rating"].people == 20
    assert found.feedback["rating"].response_rate == 0.5


def test_nameless_people_who_were_asked_and_answer_count_as_answers_to_it() -> None:
    answers = [answer(f"{NAMELESS}answer{i}") for i in range(6)]
    asked = [Asked(person=f"{NAMELESS}asked{i}", at_ns=NOW - DAY_NS, instrument="rating") for i in range(20)]
    found = summary("shop", Events(answers=answers, asked=asked), NOW - 30 * DAY_NS, NOW)
    assert found.feedback["rating"].response_rate == 0.3


def test_who_answers_nameless_and_unasked_leaves_the_response_rate_unknown() -> None:
    answers = [answer(f"{NAMELESS}{i}") for i in range(6)]
    found = summary(
        "shop", Events(answers=answers, visits=[visit(i) for i in range(20)]), NOW - 30 * DAY_NS, NOW
    )
    assert found.feedback["rating"].people == 6
    assert found.feedback["rating"].response_rate is None


def test_a_choice_counts_by_when_it_was_made_and_is_held_against_the_last_one_before() -> None:
    old = [("old", NOW - 60 * DAY_NS), ("tone", NOW - 50 * DAY_NS)]
    choices = [
        Choice(person=str(i), at_ns=at_ns, preference="tone", choice=choice)
        for i in range(6)
        for choice, at_ns in (*old, ("tone", NOW - DAY_NS))
    ]
    found = summary("shop", Events(choices=choices), NOW - 30 * DAY_NS, NOW)
    assert (found.preferences.value, found.preferences.n) == (1.0, 6)
    assert summary("shop", Events(choices=choices[:2]), NOW - 30 * DAY_NS, NOW).preferences.n == 0


def test_what_is_older_than_the_days_asked_for_counts_for_learning_and_return_alone() -> None:
    old_ns = NOW - 60 * DAY_NS
    attempts = [
        Attempt(person=str(i), task="export", at_ns=old_ns + n, seconds=9.0 / n, done=True)
        for i in range(6)
        for n in (1, 2, 3)
    ]
    events = Events(
        answers=[answer(i, old_ns) for i in range(9)],
        visits=[visit(i, old_ns) for i in range(9)],
        attempts=attempts,
    )
    found = summary("shop", events, NOW - 30 * DAY_NS, NOW)
    assert (found.people, found.sessions, found.interactions) == (0, 0, 0)
    assert found.feedback["rating"].n == 0
    assert found.completion.n == 0
    assert found.retention.returned.n == 9
    assert [c.task for c in found.curves] == ["export"]


def test_nothing_known_is_a_summary_that_says_so() -> None:
    found = summary("shop", Events(), 0, NOW)
    assert all(f.value is None and f.why for f in found.feedback.values())
    assert found.tasks == ()
    assert found.curves == ()
