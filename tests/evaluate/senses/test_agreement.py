"""Whether picture and sound are as the text beside them says."""

import pytest

from homeostat.evaluate.evaluator import Score
from homeostat.evaluate.senses.agreement import judged_agreement, level_of

DARK = Score(evaluator="senses.picture", value=0.5, parts={"luminance": 0.08})
BRIGHT = Score(evaluator="senses.picture", value=0.5, parts={"luminance": 0.75})
QUIET = Score(evaluator="senses.sound", value=0.5, parts={"lufs": -55.0})
LOUD = Score(evaluator="senses.sound", value=0.5, parts={"lufs": -12.0})
SILENCE = Score(evaluator="senses.sound", value=0.0)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("a dark cellar", -1.0),
        ("it was not dark", 1.0),
        ("never bright", -1.0),
        ("not here, but in the dark", -1.0),
        ("dark, then bright", 0.0),
        ("a table", 0.0),
    ],
)
def test_what_a_text_says_of_light_is_read_with_what_denies_it(text: str, level: float) -> None:
    assert level_of(text, "light") == level


def test_a_dark_picture_agrees_with_a_dark_text_only() -> None:
    dark, bright = judged_agreement("a dark night", DARK), judged_agreement("a dark night", BRIGHT)
    assert dark is not None
    assert bright is not None
    assert dark.value > 0.9 > 0.1 > bright.value


def test_silence_is_the_quietest_sound() -> None:
    for sound, agrees in ((QUIET, True), (SILENCE, True), (LOUD, False)):
        score = judged_agreement("Everything was silent.", sound=sound)
        assert score is not None
        assert (score.value > 0.9) is agrees


def test_both_are_judged_where_the_text_speaks_of_both() -> None:
    score = judged_agreement("A dark night full of shouting.", DARK, QUIET)
    assert score is not None
    assert set(score.parts) == {"light", "loudness"}
    assert 0.4 < score.value < 0.6


def test_nothing_is_said_where_nothing_can_be_held_against_another() -> None:
    assert judged_agreement("A table stood there.", DARK, LOUD) is None
    assert judged_agreement("a dark night") is None
    assert judged_agreement("a dark night", sound=LOUD) is None
