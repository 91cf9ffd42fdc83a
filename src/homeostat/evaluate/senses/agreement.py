"""Agreement: whether a picture is as light, and a sound as loud, as the text beside it says."""

import math
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from homeostat.evaluate.denial import tokens_of
from homeostat.evaluate.evaluator import Score, Validation
from homeostat.evaluate.passage import Context, Segment
from homeostat.evaluate.senses.picture import luminance_of
from homeostat.evaluate.senses.sound import loudness_lufs, recording_of

CHARS_MAX = 20_000
"""Of one segment so much is read."""

_MIDDLE_LUMINANCE = 0.4
_STEP_LUMINANCE = 0.1
_MIDDLE_LUFS = -30.0
_STEP_LU = 4.0
_LUFS_LEAST = -90.0

Words = Mapping[str, float]


def _levels() -> dict[str, Words]:
    text = files("homeostat.evaluate.senses").joinpath("levels.toml").read_text("utf-8")
    rows: dict[str, Any] = tomllib.loads(text)
    return {
        of: dict.fromkeys(row["little"].split(), -1.0) | dict.fromkeys(row["much"].split(), 1.0)
        for of, row in rows.items()
    }


_LEVELS = MappingProxyType(_levels())


class _Judging:
    __slots__ = ("_context", "_found", "_said")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._said = dict.fromkeys(_LEVELS, 0.0)
        self._found = dict.fromkeys(_LEVELS, 0)

    def add(self, segment: Segment) -> None:
        for of in _LEVELS:
            said, found = _told(segment.text, of)
            self._said[of] += said
            self._found[of] += found

    def score(self) -> Score | None:
        parts = {}
        level = {of: self._said[of] / (self._found[of] or 1) for of in _LEVELS}
        picture, sound = self._context.picture, self._context.sound
        if level["light"] and picture:
            shown = (luminance_of(picture) - _MIDDLE_LUMINANCE) / _STEP_LUMINANCE
            parts["light"] = _agrees(level["light"], shown)
        if level["loudness"] and sound:
            heard = (max(loudness_lufs(recording_of(sound)), _LUFS_LEAST) - _MIDDLE_LUFS) / _STEP_LU
            parts["loudness"] = _agrees(level["loudness"], heard)
        if not parts:
            return None
        return Score(evaluator=Agreement.name, value=sum(parts.values()) / len(parts), parts=parts)


class Agreement:
    """How well what a text says of light and loudness agrees with `context.picture` and `context.sound`.

    0.5 is neither. What it says of light is held against the picture's luminance, what it says of loudness
    against the sound's LUFS; of silence the loudness is the least there is. None where the text speaks of
    neither, or there is nothing beside it. English. Raises as `judged_picture` and `judged_sound`.
    """

    name = "senses.agreement"
    validation = Validation(
        on="40 sentences of our own on light and loudness, beside made pictures and sounds",
        measure="area under the ROC curve: beside what is as they say, against the contrary",
        figure=1.0,
        baseline=0.63,
        baseline_is="the same words without what denies them",
        of=80,
    )

    def begin(self, context: Context) -> _Judging:
        """Return what will judge one passage beside its picture and its sound."""
        return _Judging(context)


def level_of(text: str, of: str) -> float:
    """Return what a text says of `light` or of `loudness`, -1 (none) to 1 (much), 0 where it says nothing.

    >>> level_of("It was a dark night.", "light"), level_of("It was not dark at all.", "light")
    (-1.0, 1.0)
    """
    said, found = _told(text, of)
    return said / (found or 1)


def _told(text: str, of: str) -> tuple[float, int]:
    """Return the sum of what the words of a text say, and how many of them say something."""
    levels = _LEVELS[of]
    said = [
        -levels[word] if denied else levels[word]
        for word, denied in tokens_of(text[:CHARS_MAX])
        if word in levels
    ]
    return sum(said), len(said)


def _agrees(said: float, shown: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(said * shown, 30.0))))
