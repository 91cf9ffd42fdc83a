"""Distress: how strong it is in each segment and for how long it lasts, held against a bound.

This is what keeps a dream from turning into a nightmare: a scene that would exceed the bound is asked
about before it is told, and rewritten or dropped.
"""

from dataclasses import dataclass, replace
from typing import Literal

from homeostat.core.embedder import Embedder
from homeostat.core.errors import ConfigError
from homeostat.evaluate.emotion.affect import Affect, LanguageTally, affect_of
from homeostat.evaluate.emotion.dread import Dread
from homeostat.evaluate.evaluator import MARKS_MAX, Mark, Score, Validation
from homeostat.evaluate.passage import Context, Segment

_MEANING_SHARE = 2.0 / 3.0

Exceeded = Literal["intensity", "duration"]


@dataclass(frozen=True, slots=True)
class DistressBound:
    """No segment above `intensity_max`, and at most `segments_max` in a row at or above `lasting`."""

    intensity_max: float = 0.5
    lasting: float = 0.35
    segments_max: int = 2

    def __post_init__(self) -> None:
        if not 0.0 < self.lasting <= self.intensity_max <= 1.0:
            raise ConfigError(
                "a bound of distress needs 0 < lasting <= intensity_max <= 1, "
                f"not lasting={self.lasting} and intensity_max={self.intensity_max}"
            )
        if self.segments_max < 1:
            raise ConfigError(f"segments_max must be at least 1, not {self.segments_max}")


BOUND = DistressBound()


class DistressWatch:
    """Holds segments against a bound as they come. What was dropped is not added, and so does not count.

    >>> watch = DistressWatch()
    >>> watch.exceeded_by("We walked along the beach and laughed.") is None
    True
    >>> watch.exceeded_by("The monster stabbed him, he screamed in agony, blood everywhere!")
    'intensity'
    """

    __slots__ = ("_dread", "_in_a_row", "bound")

    def __init__(self, bound: DistressBound = BOUND, dread: Dread | None = None) -> None:
        self.bound = bound
        self._dread = dread
        self._in_a_row = 0

    def exceeded_by(self, text: str) -> Exceeded | None:
        """Return what of the bound the text would exceed as the next segment. Changes nothing."""
        return self.exceeded_at(self.distress_of(text, affect_of(text)))

    def add(self, text: str) -> float:
        """Take the text as the next segment; return its distress, 0 to 1."""
        distress = self.distress_of(text, affect_of(text))
        self.take(distress)
        return distress

    def take(self, distress: float) -> Exceeded | None:
        """Take a segment of such distress as the next one; return what of the bound it exceeds."""
        by = self.exceeded_at(distress)
        self._in_a_row = self._in_a_row + 1 if distress >= self.bound.lasting else 0
        return by

    def distress_of(self, text: str, affect: Affect) -> float:
        """Return the distress of a text with such an affect: by its words, or two thirds by its meaning."""
        if self._dread is None:
            return affect.distress
        return (1.0 - _MEANING_SHARE) * affect.distress + _MEANING_SHARE * self._dread.of(text)

    def exceeded_at(self, distress: float) -> Exceeded | None:
        """Return what of the bound a segment of such distress would exceed as the next one."""
        if distress > self.bound.intensity_max:
            return "intensity"
        if distress >= self.bound.lasting and self._in_a_row >= self.bound.segments_max:
            return "duration"
        return None


class _Judging:
    __slots__ = ("_at", "_exceeded", "_foreign", "_language", "_marks", "_most", "_sum", "_watch")

    def __init__(self, bound: DistressBound, dread: Dread | None) -> None:
        self._watch = DistressWatch(bound, dread)
        self._language = LanguageTally()
        self._marks: list[Mark] = []
        self._at = self._exceeded = self._foreign = 0
        self._sum = self._most = 0.0

    def add(self, segment: Segment) -> None:
        affect = affect_of(segment.text)
        distress = self._watch.distress_of(segment.text, affect)
        by = self._watch.take(distress)
        self._foreign += affect.foreign
        self._language.add(affect)
        if by is not None:
            self._exceeded += 1
            if len(self._marks) < MARKS_MAX:
                self._marks.append(Mark(self._at, f"distress: {by}"))
        self._at += 1
        self._sum += distress
        self._most = max(self._most, distress)

    def score(self) -> Score | None:
        if not self._at or 2 * self._foreign > self._at or self._language.is_foreign:
            return None
        return Score(
            evaluator=DistressWithinBound.name,
            value=1.0 - self._exceeded / self._at,
            parts={"most": self._most, "mean": self._sum / self._at},
            marks=tuple(self._marks),
        )


BY_MEANING = Validation(
    on="HateCheck, the half that is here, by meaning (MiniLM): threats against all its other cases",
    measure="area under the ROC curve of a sentence's distress",
    figure=0.86,
    baseline=0.75,
    baseline_is="share of troubled less glad words",
    of=1876,
)
BY_WORDS = replace(
    BY_MEANING,
    on="HateCheck, the half that is here, by words alone: threats against all its other cases",
    figure=0.81,
)


class DistressWithinBound:
    """The share of segments whose distress is within the bound, by intensity and by duration.

    Words alone find six of ten scenes of nightmares, with an embedder nearly all; see `Dread`. Parts: the
    largest and the mean distress of a segment.

    English only: None where more than half of the segments are in another language, or all of them together,
    as far as that can be told; fewer than eight words of the Latin script pass for English.
    """

    name = "emotion.distress_within_bound"

    def __init__(self, bound: DistressBound = BOUND, embedder: Embedder | None = None) -> None:
        self.validation = BY_WORDS if embedder is None else BY_MEANING
        self._bound = bound
        self._dread = None if embedder is None else Dread(embedder)

    def begin(self, context: Context) -> _Judging:
        """Return what will judge one passage; no context is needed."""
        return _Judging(self._bound, self._dread)
