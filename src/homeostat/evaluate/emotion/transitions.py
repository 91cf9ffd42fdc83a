"""Transitions: how a passage moves from feeling to feeling, and where it leaps."""

from homeostat.evaluate.emotion.affect import LanguageTally, affect_of
from homeostat.evaluate.evaluator import MARKS_MAX, Mark, Score, Validation
from homeostat.evaluate.passage import Context, Segment

SEGMENTS_MIN = 3
"""Below this a passage has no course that could be judged."""

ABRUPT = 1.2
"""A step in valence at least as large is marked: from clearly glad to clearly troubled."""

_STRIDE_WORTH = 0.5
"""What the way to the segment after the next counts beside that to the next."""


class _Judging:
    __slots__ = (
        "_abrupt", "_arousal", "_before", "_before_last", "_felt", "_high", "_language",
        "_largest", "_low", "_marks", "_n", "_steps", "_strides", "_valence",
    )  # fmt: skip

    def __init__(self) -> None:
        self._n = self._felt = self._abrupt = 0
        self._valence = self._arousal = self._steps = self._strides = self._largest = 0.0
        self._before = self._before_last = 0.0
        self._low, self._high = 1.0, -1.0
        self._language = LanguageTally()
        self._marks: list[Mark] = []

    def add(self, segment: Segment) -> None:
        affect = affect_of(segment.text)
        self._language.add(affect)
        valence = affect.valence
        if self._n > 1:
            self._strides += abs(valence - self._before_last)
        if self._n:
            step = abs(valence - self._before)
            self._steps += step
            self._largest = max(self._largest, step)
            if step >= ABRUPT:
                self._abrupt += 1
                if len(self._marks) < MARKS_MAX:
                    self._marks.append(Mark(self._n, "the feeling leaps"))
        if affect.found:
            self._felt += 1
            self._arousal += affect.arousal
        self._n += 1
        self._before_last, self._before = self._before, valence
        self._valence += valence
        self._low, self._high = min(self._low, valence), max(self._high, valence)

    def score(self) -> Score | None:
        if self._n < SEGMENTS_MIN or not self._felt or self._language.is_foreign:
            return None
        steps = self._n - 1
        moved = (self._steps / steps + _STRIDE_WORTH * self._strides / (steps - 1)) / (1.0 + _STRIDE_WORTH)
        return Score(
            evaluator=Transitions.name,
            value=1.0 - min(moved, 1.0),
            parts={
                "valence": self._valence / self._n,
                "arousal": self._arousal / self._felt,
                "valence_range": self._high - self._low,
                "step_largest": self._largest,
                "abrupt": self._abrupt / steps,
                "felt": self._felt / self._n,
            },
            marks=tuple(self._marks),
        )


class Transitions:
    """One less the mean way in valence from a segment to the next, and half as much to the one after it.

    A segment that feels like nothing is at 0. Parts: means of valence (-1 to 1) and arousal (0 to 1), the
    range of valence, the largest step, the share of abrupt steps, and that of segments in which a feeling
    was found. None without any, and in another language than English, as far as that can be told. Up to 100
    leaps are marked.
    """

    name = "emotion.transitions"
    validation = Validation(
        on="LoCoMo: sessions of 5 talks, in their own order and shuffled 10 times",
        measure="share of shuffled orders that score lower",
        figure=0.78,
        baseline=0.72,
        baseline_is="steps in glad less troubled words, counted, to the next segment",
        of=1280,
    )

    def begin(self, context: Context) -> _Judging:
        """Return what will judge one passage; no context is needed."""
        return _Judging()
