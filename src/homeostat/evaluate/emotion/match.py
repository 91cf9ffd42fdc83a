"""Match: whether what is told feels like what it rests on."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from homeostat.evaluate.emotion.affect import CHARS_MAX, affect_of
from homeostat.evaluate.evaluator import MARKS_MAX, Mark, Score, Validation
from homeostat.evaluate.passage import Context, Segment, Source

FAR = 0.5
"""A segment whose match is below is marked."""

_VALENCE_SHARE = 0.7
_SOFTENING = 0.2
"""The valence a word at which a text is at .71 of the whole scale."""

_SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]*")


class _Felt(NamedTuple):
    """What the sentences of a text feel like, summed; a longer text feels no stronger than a short one."""

    total: float
    arousal: float
    words: int
    sentences: int
    found: int

    @property
    def valence(self) -> float:
        """The valence a word, on a scale from -1 to 1."""
        density = self.total / max(self.words, 1)
        return density / math.hypot(density, _SOFTENING)

    @property
    def arousal_mean(self) -> float:
        """The mean arousal of its sentences, 0 to 1."""
        return self.arousal / max(self.sentences, 1)


def _felt(text: str) -> _Felt:
    total = arousal = 0.0
    words = sentences = found = 0
    for sentence in _SENTENCE.findall(text[:CHARS_MAX]):
        if not sentence.isspace():
            affect = affect_of(sentence)
            total += affect.total
            arousal += affect.arousal
            words += affect.words
            sentences += 1
            found += affect.found
    return _Felt(total, arousal, words, sentences, found)


def _together(parts: Sequence[_Felt]) -> _Felt:
    return parts[0] if len(parts) == 1 else _Felt(*map(sum, zip(*parts, strict=True)))


class _Judging:
    __slots__ = ("_at", "_felt", "_marks", "_matched", "_n", "_sources", "_valence")

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._felt: dict[str, _Felt] = {}
        self._at = self._n = 0
        self._matched = self._valence = 0.0
        self._marks: list[Mark] = []

    def add(self, segment: Segment) -> None:
        at, self._at = self._at, self._at + 1
        rests_on = [self._sources[id] for id in segment.sources if id in self._sources]
        if not rests_on:
            return
        told, known = _felt(segment.text), _together([self._of_source(source) for source in rests_on])
        if not told.found and not known.found:
            return
        apart = abs(told.valence - known.valence)
        aroused = abs(told.arousal_mean - known.arousal_mean)
        match = 1.0 - _VALENCE_SHARE * apart / 2.0 - (1.0 - _VALENCE_SHARE) * aroused
        self._n += 1
        self._matched += match
        self._valence += apart
        if match < FAR and len(self._marks) < MARKS_MAX:
            self._marks.append(Mark(at, "feels unlike its sources"))

    def _of_source(self, source: Source) -> _Felt:
        """Return what a source feels like, which is read once."""
        felt = self._felt.get(source.id)
        if felt is None:
            felt = self._felt[source.id] = _felt(source.text)
        return felt

    def score(self) -> Score | None:
        if not self._n:
            return None
        return Score(
            evaluator=EmotionMatch.name,
            value=self._matched / self._n,
            parts={"valence_apart": self._valence / self._n, "judged": self._n / self._at},
            marks=tuple(self._marks),
        )


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
