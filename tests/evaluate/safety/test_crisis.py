"""Crisis language is heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.evaluate.safety.crisis import READ_MAX, Crisis, Kind, help_texts

CRISIS = Crisis()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I want to kill myself", Kind.SUICIDE),
        ("i dont want to be here anymore", Kind.SUICIDE),
        ("Everyone would be better off without me.", Kind.SUICIDE),
        ("I’m going to END IT tonight!!!", Kind.SUICIDE),
        ("I just took a whole bottle of pills", Kind.SUICIDE),
        ("I wish I could go to sleep and never wake up", Kind.SUICIDE),
        ("Life isn't worth living.", Kind.SUICIDE),
        ("Ich will nicht mehr leben", Kind.SUICIDE),
        ("je veux mourir", Kind.SUICIDE),
        ("No quiero vivir más", Kind.SUICIDE),
        ("I have been cutting myself again", Kind.SELF_HARM),
        ("I burn my skin to feel something", Kind.SELF_HARM),
        ("my dad hits me", Kind.DANGER),
        ("He is going to kill me", Kind.DANGER),
        ("I was raped last night", Kind.DANGER),
    ],
)
def test_a_person_in_danger_is_heard(text: str, kind: Kind) -> None:
    assert CRISIS.found(text) is kind


@pytest.mark.parametrize(
    "text",
    [
        "This homework is killing me.",
        "I could kill for a coffee.",
        "I cut my finger chopping onions.",
        "That joke killed me, I died laughing.",
        "I'm dying to see you!",
        "He beat me at chess.",
        "I don't want to live in this flat.",
        "How do I kill a process?",
        "My friend lost her brother to suicide ten years ago.",
        "I took my pills this morning.",
        "",
    ],
)
def test_what_only_sounds_like_it_is_no_crisis(text: str) -> None:
    assert CRISIS.found(text) is None


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=200))
def test_no_text_makes_it_raise_or_hides_the_plea_beside_it(text: str) -> None:
    CRISIS.found(text)
    assert CRISIS.found(f"{text} . I want to kill myself") is not None


def test_of_a_long_text_both_ends_are_read() -> None:
    plea, talk = "I want to kill myself. ", "We had tea. " * READ_MAX
    assert CRISIS.found(plea + talk) is Kind.SUICIDE
    assert CRISIS.found(talk + plea) is Kind.SUICIDE


def test_help_is_given_in_the_language_or_in_english() -> None:
    texts = help_texts()
    assert "0800 1110111" in texts.text("adult", "de-AT")
    assert texts.text("teen") == texts.text("adult", "xx")
    assert "adult you trust" in texts.text("child", "it")
