"""Agreement: whether a picture is as light, and a sound as loud, as the text beside it says."""

import math
import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from homeostat.evaluate.emotion.lexicon import NEGATORS
from homeostat.evaluate.evaluator import Score, Validation

NAME = "senses.agreement"
VALIDATION = Validation(
    on="40 sentences of our own on light and loudness, beside made pictures and sounds",
    measure="area under the ROC curve: beside what is as they say, against the contrary",
    figure=1.0,
    baseline=0.63,
    baseline_is="the same words without what denies them",
    of=80,
)

CHARS_MAX = 20_000
"""Of a text so much is read."""

_TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[.!?;,:\n]+")
_DENIED_REACH = 4
_MIDDLE_LUMINANCE = 0.4
_STEP_LUMINANCE = 0.1
_MIDDLE_LUFS = -30.0
_STEP_LU = 4.0

Words = Mapping[str, float]


def _levels() -> dict[str, Words]:
    text = files("homeostat.evaluate.senses").joinpath("levels.toml").read_text("utf-8")
    rows: dict[str, Any] = tomllib.loads(text)
    return {
        of: dict.fromkeys(row["little"].split(), -1.0) | dict.fromkeys(row["much"].split(), 1.0)
        for of, row in rows.items()
    }


_LEVELS = MappingProxyType(_levels())


def judged_agreement(text: str, picture: Score | None = None, sound: Score | None = None) -> Score | None:
    """Return how well a text agrees with the scores of its picture and its sound, 0 to 1; 0.5 is neither.

    What the text says of light is held against the picture's luminance, what it says of loudness against the
    sound's LUFS; of silence the loudness is the least there is. None where the text speaks of neither, or
    there is nothing beside it. English.
    """
    parts = {}
    light, loud = level_of(text, "light"), level_of(text, "loudness")
    if light and picture is not None:
        parts["light"] = _agrees(light, (picture.parts["luminance"] - _MIDDLE_LUMINANCE) / _STEP_LUMINANCE)
    if loud and sound is not None:
        lufs = sound.parts.get("lufs", -math.inf)
        parts["loudness"] = _agrees(loud, (max(lufs, -90.0) - _MIDDLE_LUFS) / _STEP_LU)
    if not parts:
        return None
    return Score(evaluator=NAME, value=sum(parts.values()) / len(parts), parts=parts)


def level_of(text: str, of: str) -> float:
    """Return what a text says of `light` or of `loudness`, -1 (none) to 1 (much), 0 where it says nothing.

    >>> level_of("It was a dark night.", "light"), level_of("It was not dark at all.", "light")
    (-1.0, 1.0)
    """
    levels = _LEVELS[of]
    total, found, reach = 0.0, 0, 0
    for word in _TOKEN.findall(text[:CHARS_MAX].lower().replace("’", "'")):
        if word in NEGATORS:
            reach = _DENIED_REACH
        elif not word[0].isalnum() or word == "but":
            reach = 0
        else:
            level = levels.get(word)
            if level is not None:
                total += -level if reach > 0 else level
                found += 1
            reach -= 1
    return total / found if found else 0.0


def _agrees(said: float, shown: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(said * shown, 30.0))))
