"""Claims about figures: what they count, what they refuse, and what stands beside them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import InputError
from homeostat.evaluate.experience.adaptations import acceptance
from homeostat.evaluate.experience.features import feature_use
from homeostat.evaluate.experience.figure import PEOPLE_MIN, Figure
from homeostat.evaluate.experience.instruments import INSTRUMENTS, checked
from homeostat.evaluate.experience.preferences import stability
from homeostat.evaluate.experience.ratings import satisfaction
from homeostat.evaluate.experience.recommendation import net_promoters
from homeostat.evaluate.experience.thumbs import thumbs_up
from homeostat.evaluate.experience.usability import STATEMENTS, usability, usability_score

SCALES = {name: (one.worst, one.best) for name, one in INSTRUMENTS.items()}


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_no_figure_is_told_of_fewer_than_five_people_and_it_says_how_many_are_missing(name: str) -> None:
    best = INSTRUMENTS[name].best
    few = INSTRUMENTS[name].figure({str(i): [best] * 3 for i in range(PEOPLE_MIN - 2)}, 40)
    assert (few.value, few.low, few.high) == (None, None, None)
    assert (few.n, few.people, few.asked) == (9, 3, 40)
    assert "2 more people" in few.why
    assert INSTRUMENTS[name].figure({str(i): [best] for i in range(PEOPLE_MIN)}, 40).value is not None


@given(
    st.sampled_from(sorted(INSTRUMENTS)),
    st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=4), min_size=5, max_size=40),
)
def test_every_figure_lies_within_its_interval_and_that_within_its_scale(
    name: str, given_: list[list[float]]
) -> None:
    worst, best = SCALES[name]
    whole = INSTRUMENTS[name].whole
    answers = {
        str(i): [round(worst + x * (best - worst)) if whole else worst + x * (best - worst) for x in own]
        for i, own in enumerate(given_)
    }
    found = INSTRUMENTS[name].figure(answers, None)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    low, high = (-1.0, 1.0) if name == "recommend" else (0.0, 1.0) if name == "thumbs" else (worst, best)
    assert low - 1e-9 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= high + 1e-9
    assert found.people == len(answers)


def test_who_answers_often_weighs_no_more_than_who_answers_once() -> None:
    once = {str(i): [9.0] for i in range(9)}
    assert satisfaction({**once, "loud": [1.0]}).value == satisfaction({**once, "loud": [1.0] * 50}).value


def test_a_promoter_answers_nine_or_ten_and_a_detractor_six_or_less() -> None:
    answers = {str(i): [float(i)] for i in range(11)}
    assert net_promoters(answers).value == pytest.approx((2 - 7) / 11)
    assert net_promoters({str(i): [2.0, 10.0] for i in range(6)}).value == 1.0  # the latest counts


def test_thumbs_are_shares_of_a_persons_thumbs_and_one_who_gives_many_does_not_decide() -> None:
    assert thumbs_up({str(i): [1.0, 0.0] for i in range(6)}).value == 0.5
    assert thumbs_up({**{str(i): [1.0] for i in range(9)}, "loud": [0.0] * 500}).value == 0.9


def test_the_response_rate_is_that_of_those_asked_and_none_where_nobody_is_asked() -> None:
    answers = {str(i): [7.0] for i in range(6)}
    assert satisfaction(answers, 24).response_rate == 0.25
    assert satisfaction(answers).response_rate is None


def test_few_people_are_told_as_few() -> None:
    assert satisfaction({str(i): [7.0] for i in range(29)}).few
    assert not satisfaction({str(i): [7.0] for i in range(30)}).few


def test_the_ten_statements_score_as_their_authors_score_them() -> None:
    assert usability_score([5, 1] * 5) == 100.0
    assert usability_score([1, 5] * 5) == 0.0
    assert usability_score([3] * 10) == 50.0
    assert usability_score([4, 2, 5, 1, 3, 3, 4, 2, 5, 2]) == 77.5
    assert usability({str(i): [50.0] for i in range(5)}).value == 50.0


@pytest.mark.parametrize("agreed", [[3] * 9, [3] * 11, [3] * 9 + [6], [0] + [3] * 9, [3] * 9 + [2.5]])
def test_statements_that_are_not_ten_answers_of_one_to_five_are_refused(agreed: list[float]) -> None:
    with pytest.raises(InputError, match="10 answers from 1 to 5"):
        usability_score(agreed)  # type: ignore[arg-type]


def test_odd_statements_praise_and_each_stands_once() -> None:
    assert len(set(STATEMENTS)) == 10
    for i in range(10):
        agreed = [3] * 10
        agreed[i] = 5
        assert (usability_score(agreed) > 50.0) is (i % 2 == 0)


@pytest.mark.parametrize(("name", "value"), [("rating", 0), ("rating", 7.5), ("thumbs", 2), ("stars", 3)])
def test_an_answer_off_its_scale_is_refused_and_says_what_is_taken(name: str, value: float) -> None:
    with pytest.raises(InputError, match=r"takes|use one of"):
        checked(name, value)


def test_a_choice_that_repeats_the_one_before_is_stable() -> None:
    chosen = {(str(i), "tone"): ["short", "short", "long", "long"] for i in range(6)}
    found = stability(chosen)
    assert found.value == pytest.approx(2 / 3)
    assert (found.n, found.people) == (18, 6)
    assert stability({("a", "tone"): ["short"]}).n == 0


def test_only_answered_offers_count_for_acceptance() -> None:
    found = acceptance({str(i): [True, True, False] for i in range(6)}, asked=12)
    assert found.value == pytest.approx(2 / 3)
    assert found.response_rate == 0.5


def test_a_feature_is_used_by_a_share_of_all_who_came() -> None:
    used = {str(i): {"search": 2} if i < 6 else {} for i in range(12)}
    (found,) = feature_use(used)
    assert found.share.value == 0.5
    assert (found.uses, found.uses_each) == (12, 2.0)
    assert feature_use({"a": {"search": 1}})[0].share.value is None


def test_how_often_a_feature_is_used_by_fewer_than_five_people_is_not_told() -> None:
    used = {str(i): {"search": 1, **({"odd": 40} if i < 4 else {})} for i in range(50)}
    odd = next(f for f in feature_use(used) if f.feature == "odd")
    assert (odd.share.value, odd.uses, odd.uses_each) == (None, None, None)
    assert (odd.share.n, odd.share.why) == (50, "fewer than 5 people used it")


def test_a_figure_without_a_value_is_never_few() -> None:
    assert not Figure(value=None, low=None, high=None, n=0, people=0).few
