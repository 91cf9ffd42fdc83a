"""Whether picture and sound are as the text beside them says."""

import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from homeostat.core.errors import InputError
from homeostat.evaluate.evaluator import Score, judged
from homeostat.evaluate.passage import Context
from homeostat.evaluate.segments import segments_of
from homeostat.evaluate.senses.agreement import Agreement, level_of

RATE_HZ = 16_000


def picture(luminance: float) -> bytes:
    held = io.BytesIO()
    Image.new("L", (32, 32), round(255 * luminance)).save(held, "PNG")
    return held.getvalue()


def sound(level: float) -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(2)
        writing.setframerate(RATE_HZ)
        tone = 32_767 * level * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)
        writing.writeframes(tone.astype("<i2").tobytes())
    return held.getvalue()


DARK, BRIGHT = picture(0.08), picture(0.75)
SILENCE, QUIET, LOUD = sound(0.0), sound(0.002), sound(0.4)


def agreement(text: str, picture: bytes | None = None, sound: bytes | None = None) -> Score | None:
    return judged(Agreement(), segments_of(text), Context(picture=picture, sound=sound))


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


def test_still_and_cried_say_nothing_of_loudness() -> None:
    assert level_of("She still lives there, and he cried when he heard it.", "loudness") == 0.0


def test_a_dark_picture_agrees_with_a_dark_text_only() -> None:
    dark, bright = agreement("a dark night", DARK), agreement("a dark night", BRIGHT)
    assert dark is not None
    assert bright is not None
    assert dark.value > 0.9 > 0.1 > bright.value


def test_silence_is_the_quietest_sound() -> None:
    for heard, agrees in ((QUIET, True), (SILENCE, True), (LOUD, False)):
        score = agreement("Everything was silent.", sound=heard)
        assert score is not None
        assert (score.value > 0.9) is agrees


def test_both_are_judged_where_the_text_speaks_of_both() -> None:
    score = agreement("A dark night full of shouting.", DARK, QUIET)
    assert score is not None
    assert set(score.parts) == {"light", "loudness"}
    assert 0.4 < score.value < 0.6


def test_what_a_text_says_is_the_mean_over_its_sentences() -> None:
    score = agreement("It was dark. It was dark. Then the sun shone.", DARK)
    assert score is not None
    assert 0.5 < score.value < agreement("It was dark.", DARK).value  # type: ignore[union-attr]


def test_nothing_is_said_where_nothing_can_be_held_against_another() -> None:
    assert agreement("A table stood there.", DARK, LOUD) is None
    assert agreement("a dark night") is None
    assert agreement("a dark night", sound=LOUD) is None


def test_a_picture_that_is_none_is_refused_where_it_is_needed_only() -> None:
    assert agreement("A table stood there.", b"no picture") is None
    with pytest.raises(InputError, match="JPEG"):
        agreement("a dark night", b"no picture")


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_darker_a_picture_the_better_it_agrees_with_darkness(one: float, other: float) -> None:
    darker, lighter = (agreement("It was dark.", picture(light)) for light in sorted((one, other)))
    assert darker is not None
    assert lighter is not None
    assert 1.0 >= darker.value >= lighter.value >= 0.0
