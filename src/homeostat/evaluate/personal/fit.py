"""Fit: whether what a person is told touches what they like, and leaves out what they do not."""

from homeostat.evaluate.evaluator import MARKS_MAX, Mark, Score, Validation
from homeostat.evaluate.passage import Context, Segment
from homeostat.evaluate.personal.preferences import Preferences

AVOIDED = 0.5
"""A segment that touches a dislike as far as this is marked."""

_BEFORE = 0.5
"""What is known before anything is read: half a liked, half a disliked segment, which makes 0.5."""


class _Judging:
    __slots__ = ("_at", "_disliked", "_liked", "_marks", "_preferences")

    def __init__(self, preferences: Preferences | None) -> None:
        self._preferences = preferences
        self._at = 0
        self._liked = self._disliked = 0.0
        self._marks: list[Mark] = []

    def add(self, segment: Segment) -> None:
        if self._preferences is None:
            return
        touched = self._preferences.touched(segment.text)
        self._liked += touched.liked
        self._disliked += touched.disliked
        if touched.disliked >= AVOIDED and len(self._marks) < MARKS_MAX:
            self._marks.append(Mark(self._at, "touches what the person does not like"))
        self._at += 1

    def score(self) -> Score | None:
        if not self._at:
            return None
        liked, disliked = self._liked, self._disliked
        return Score(
            evaluator=PreferenceFit.name,
            value=(liked + _BEFORE) / (liked + disliked + 2 * _BEFORE),
            parts={"liked": liked / self._at, "disliked": disliked / self._at},
            marks=tuple(self._marks),
        )


class PreferenceFit:
    """The share of what touches preferences that is liked: 0.5 where nothing does, rising with each segment.

    Stated and learned preferences of the context count, in the person's own words; None without any. English;
    it knows words: who likes the sea is not touched by a beach. Parts: the mean share of a liked, and of a
    disliked phrase that a segment touches.
    """

    name = "personal.fit"
    validation = Validation(
        on="Synthetic-Persona-Chat: what somebody says, against what another says, with the one's persona as "
        "likes and the other's as dislikes",
        measure="area under the ROC curve",
        figure=0.92,
        baseline=0.87,
        baseline_is="difference of the shares of words in common with both personas (Jaccard)",
        of=400,
    )

    def begin(self, context: Context) -> _Judging:
        """Return what will judge one passage by the preferences of the context."""
        return _Judging(Preferences.of(context))
