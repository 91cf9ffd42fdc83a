"""Claims about who came back."""

from homeostat.core.clock import DAY_NS
from homeostat.evaluate.experience.beginning import WEEK_NS
from homeostat.evaluate.experience.retention import MONDAY_NS, retention

START = MONDAY_NS + 2_900 * WEEK_NS


def test_weeks_are_each_persons_own_and_told_when_they_have_passed_for_all() -> None:
    visits = {f"a{i}": [START + i * DAY_NS // 2] for i in range(10)}
    for i in range(4):
        visits[f"a{i}"].append(visits[f"a{i}"][0] + WEEK_NS + DAY_NS)
    passed = retention(visits, START + 3 * WEEK_NS)
    (cohort,) = passed.cohorts
    assert (cohort.start_ns, cohort.people) == (START, 10)
    assert cohort.weeks[0] is not None
    assert cohort.weeks[0].value == 0.4
    assert passed.returned.value == 0.4
    early = retention(visits, START + 2 * WEEK_NS + DAY_NS)
    assert early.cohorts[0].weeks == (None,)


def test_who_cannot_have_come_back_yet_does_not_count() -> None:
    visits = {f"a{i}": [START, START + WEEK_NS] for i in range(6)}
    visits.update({f"b{i}": [START + 3 * WEEK_NS] for i in range(50)})
    found = retention(visits, START + 4 * WEEK_NS)
    assert found.returned.value == 1.0
    assert found.returned.n == 6


def test_a_visit_later_than_the_second_week_is_no_return_in_it() -> None:
    visits = {f"a{i}": [START, START + 2 * WEEK_NS] for i in range(6)}
    found = retention(visits, START + 5 * WEEK_NS)
    assert found.returned.value == 0.0
    assert [w.value for w in found.cohorts[0].weeks if w is not None] == [0.0, 1.0, 0.0, 0.0]


def test_those_who_may_have_come_before_anything_was_kept_are_left_out() -> None:
    visits = {f"old{i}": [START + DAY_NS] for i in range(6)}
    visits.update({f"new{i}": [START + WEEK_NS + DAY_NS] for i in range(5)})
    found = retention(visits, START + 4 * WEEK_NS, since_ns=START)
    assert found.returned.n == 5


def test_nobody_is_no_cohort_and_few_are_not_told() -> None:
    assert retention({}, START).cohorts == ()
    found = retention({"a": [START]}, START + 3 * WEEK_NS)
    assert found.returned.value is None
    assert found.cohorts[0].weeks[0] is not None
    assert found.cohorts[0].weeks[0].value is None
