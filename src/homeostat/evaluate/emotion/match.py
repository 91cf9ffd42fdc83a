"""Match: whether what is told feels like what it rests on."""

import math
from collections.abc import Mapping

from homeostat.evaluate.emotion.affect import CHARS_MAX, affect_of
from homeostat.evaluate.evaluator import MARKS_MAX, Mark, Score, Validation
from homeostat.evaluate.passage import Context, Segment, Source
from homeostat.evaluate.segments import sentences

FAR = 0.5
"""A segment whose match is below is marked."""

_VALENCE_SHARE = 0.7
_SOFTENING = 0.2
"""The valence a word at which a text is at .71 of the whole scale."""

_NONE = (0.0, 0.0)


class _Judging:
    __slots__ = ("_at", "_marks", "_matched", "_n", "_sources", "_valence")

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._at = self._n = 0
        self._matched = self._valence = 0.0
        self._marks: list[Mark] = []

    def add(self, segment: Segment) -> None:
        at, self._at = self._at, self._at + 1
        rests_on = [self._sources[id] for id in segment.sources if id in self._sources]
        if not rests_on:
            return
        told, known = _feeling(segment.text), _feeling("\n".join(source.text for source in rests_on))
        if told is None and known is None:
            return
        (valence, arousal), (known_valence, known_arousal) = told or _NONE, known or _NONE
        apart = abs(valence - known_valence)
        match = 1.0 - _VALENCE_SHARE * apart / 2.0 - (1.0 - _VALENCE_SHARE) * abs(arousal - known_arousal)
        self._n += 1
        self._matched += match
        self._valence += apart
        if match < FAR and len(self._marks) < MARKS_MAX:
            self._marks.append(Mark(at, "feels unlike its sources"))

    def score(self) -> Score | None:
        if not self._n:
            return None
        return Score(
            evaluator=EmotionMatch.name,
            value=self._matched / self._n,
            parts={"valence_apart": self._valence / self._n, "judged": self._n / self._at},
            marks=tuple(self._marks),
        )


def _feeling(text: str) -> tuple[float, float] | None:
    """Return the valence of a text by the word, -1 to 1, and the mean arousal of its sentences, 0 to 1.

    None where no word or sign of it feels like anything. A longer text feels no stronger than a short one.
    """
    text = text[:CHARS_MAX]
    affects = [affect_of(sentence) for sentence in sentences(text)]
    if not any(affect.found for affect in affects):
        return None
    density = sum(affect.total for affect in affects) / max(sum(affect.words for affect in affects), 1)
    return density / math.hypot(density, _SOFTENING), sum(a.arousal for a in affects) / len(affects)


class EmotionMatch:
    """How near the valence and arousal of each segment are to those of the sources that it names.

    Both are by length: a source may be longer than what is told of it. Only segments that name sources of
    the context are judged, and only where one side feels like something; None where there is no such segment.
    Parts: the mean distance in valence, and the share of segments that were judged. Of a whole summary
    against a whole talk it tells nothing (.52), which is why segments have to name their sources.
    """

    name = "emotion.match"
    validation = Validation(
        on="LoCoMo: what annotators noted of 5 talks, with the turns that they name for it and with those of "
        "another note of the talk",
        measure="share of the others' turns that match less, of notes where either feels like something",
        figure=0.67,
        baseline=0.64,
        baseline_is="difference of the shares of glad less troubled words",
        of=1158,
    )

    def begin(self, context: Context) -> _Judging:
        """Return what will judge one passage against `context.sources`."""
        return _Judging({source.id: source for source in context.sources})
