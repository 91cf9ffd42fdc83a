"""Match: whether what is told feels like what it rests on."""

from collections.abc import Mapping

from homeostat.evaluate.emotion.affect import Affect, affect_of
from homeostat.evaluate.evaluator import MARKS_MAX, Mark, Score, Validation
from homeostat.evaluate.passage import Context, Segment, Source

FAR = 0.5
"""A segment whose match is below is marked."""

_VALENCE_SHARE = 0.7


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
        told = affect_of(segment.text)
        known = affect_of("\n".join(source.text for source in rests_on))
        if not told.found and not known.found:
            return
        match = _match(told, known)
        self._n += 1
        self._matched += match
        self._valence += abs(told.valence - known.valence)
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


def _match(told: Affect, known: Affect) -> float:
    apart = _VALENCE_SHARE * abs(told.valence - known.valence) / 2.0
    return 1.0 - apart - (1.0 - _VALENCE_SHARE) * abs(told.arousal - known.arousal)


class EmotionMatch:
    """How near the valence and arousal of each segment are to those of the sources that it names.

    Only segments that name sources of the context are judged, and only where one side feels like something;
    None where there is no such segment. Of a whole summary against a whole talk it tells nothing (.52),
    which is why segments have to name their sources.
    """

    name = "emotion.match"
    validation = Validation(
        on="LoCoMo: what annotators noted of 5 talks, and the turns that they name for it",
        measure="correlation of valence between a note and its turns",
        figure=0.53,
        baseline=0.51,
        baseline_is="glad less troubled words, counted",
        of=1210,
    )

    def begin(self, context: Context) -> _Judging:
        """Return what will judge one passage against `context.sources`."""
        return _Judging({source.id: source for source in context.sources})
