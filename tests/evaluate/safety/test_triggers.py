"""What a person asked to be spared."""

import pytest

from homeostat.core.errors import ConfigError
from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.guard import Guard
from homeostat.evaluate.safety.inflection import forms
from homeostat.evaluate.safety.policy import policy
from homeostat.runtime.embed.minilm import MiniLm

GUARD = Guard(policy("adult"))


def spared(trigger: str, text: str) -> bool:
    return Category.TRIGGER in GUARD.avoiding([trigger]).check(text).severity


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        ("spiders", "A spider sat there."),
        ("spider", "SPIDERS!"),
        ("spider", "a s p i d e r"),
        ("spider", "The sp1der ran."),
        ("drowning", "He drowned."),
        ("to drive", "She drove home."),
        ("car accidents", "It was a car accident."),
        ("stab", "They were stabbing at it."),
        ("my divorce", "We divorced in May."),
        ("death", "She was dying."),
        ("babies", "The baby's cot."),
        ("Müller", "Herr Muller came."),
    ],
)
def test_a_trigger_is_found_in_all_its_forms_and_disguises(trigger: str, text: str) -> None:
    assert spared(trigger, text)


@pytest.mark.parametrize(
    ("trigger", "text"), [("war", "We were warm."), ("rat", "The rate rose."), ("cat", "A category.")]
)
def test_a_trigger_is_not_found_inside_other_words(trigger: str, text: str) -> None:
    assert not spared(trigger, text)


def test_the_sentence_gives_way_and_the_rest_is_shown() -> None:
    verdict = GUARD.avoiding(["spiders"]).check(
        "We had tea at noon. A spider fell into it! Then we left the house."
    )
    assert verdict.text == "We had tea at noon. (This was left out.) Then we left the house."
    assert [finding.kind for finding in verdict.findings if finding.category is Category.TRIGGER] == ["0"]


def test_a_guard_for_a_person_leaves_the_shared_one_alone() -> None:
    GUARD.avoiding(["tea"])
    assert GUARD.check("We had tea.").allowed


def test_triggers_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(ConfigError, match="no words"):
        GUARD.avoiding(["..."])
    with pytest.raises(ConfigError, match="more than 200"):
        GUARD.avoiding([f"w{n}" for n in range(201)])


def test_forms_of_a_form_hold_the_word_itself() -> None:
    for word in ("spiders", "stabbed", "babies", "driving", "wolves", "crashes"):
        assert word in forms(word)
    assert {"stab", "stabs", "stabbing"} <= forms("stabbed")


def test_a_trigger_is_found_in_other_words(minilm: MiniLm) -> None:
    guard = Guard(policy("adult"), minilm, triggers=["spiders", "the death of my father"])
    assert not guard.check("A tarantula hung in its web above the bed.").allowed
    assert not guard.check("We buried dad on a cold morning.").allowed
    assert guard.check("We played football and had a picnic with our friends.").allowed
