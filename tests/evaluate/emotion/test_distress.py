"""Distress is bounded by intensity and by duration."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError
from homeostat.evaluate.emotion.distress import (
    BOUND,
    DistressBound,
    DistressWatch,
    DistressWithinBound,
)
from homeostat.evaluate.evaluator import judged
from homeostat.evaluate.passage import Segment

CALM = "We sat in the garden and talked."
UNEASY = "I was frightened and alone."
TERROR = "He stabbed her and she screamed in agony, blood everywhere."


def marked(texts: list[str], bound: DistressBound = BOUND) -> list[tuple[int, str]]:
    """Return the segments that are over the bound, and by what."""
    score = judged(DistressWithinBound(bound), [Segment(text=text) for text in texts])
    return [(mark.segment, mark.what.removeprefix("distress: ")) for mark in score.marks] if score else []


def test_one_segment_of_terror_exceeds_by_intensity() -> None:
    assert marked([CALM, TERROR, CALM]) == [(1, "intensity")]


def test_what_lasts_exceeds_by_duration_from_the_third_segment_on() -> None:
    found = marked([CALM, UNEASY, UNEASY, UNEASY, UNEASY, CALM, UNEASY])
    assert found == [(3, "duration"), (4, "duration")]


def test_a_calm_segment_between_ends_what_lasts() -> None:
    assert marked([UNEASY, UNEASY, CALM] * 5) == []


def test_what_was_dropped_does_not_count() -> None:
    watch = DistressWatch()
    watch.add(UNEASY)
    watch.add(UNEASY)
    assert watch.exceeded_by(UNEASY) == "duration"
    assert watch.exceeded_by(UNEASY) == "duration"
    watch.add(CALM)
    assert watch.exceeded_by(UNEASY) is None


def test_sad_memories_are_no_nightmare() -> None:
    sad = ["Grandmother died in May.", "I miss her, I am sad and lonely.", "I cried at the funeral.", CALM]
    assert marked(sad) == []


def test_a_stricter_bound_finds_more() -> None:
    assert marked([UNEASY]) == []
    assert marked([UNEASY], DistressBound(intensity_max=0.3, lasting=0.2)) == [(0, "intensity")]


def test_nothing_is_said_of_another_language() -> None:
    german = Segment(text="Die Stadt war hell und gut zu sehen, die alte Frau war damals also noch da.")
    assert judged(DistressWithinBound(), [german, german, Segment(text=CALM)]) is None


def test_nothing_is_said_of_another_language_in_short_sentences_or_another_script() -> None:
    german = [Segment(text=text) for text in ("Die Frau war alt.", "Ich schlief.", "Das Haus war hell.")]
    assert judged(DistressWithinBound(), german) is None
    assert judged(DistressWithinBound(), [Segment(text="悪夢でした。")]) is None
    terse = [Segment(text=text) for text in ("Terror.", "Blood everywhere.", "Knives, panic, agony, murder.")]
    assert judged(DistressWithinBound(), terse) is not None


@given(
    st.lists(st.sampled_from([CALM, UNEASY, TERROR]), min_size=1), st.floats(0.2, 0.9), st.floats(0.2, 0.9)
)
def test_a_wider_bound_never_scores_lower(texts: list[str], one: float, other: float) -> None:
    segments = [Segment(text=text) for text in texts]
    narrow, wide = (
        judged(DistressWithinBound(DistressBound(intensity_max=most, lasting=most)), segments)
        for most in sorted((one, other))
    )
    assert narrow is not None
    assert wide is not None
    assert 0.0 <= narrow.value <= wide.value <= 1.0


def test_the_score_is_the_share_within_the_bound() -> None:
    score = judged(DistressWithinBound(), [Segment(text=text) for text in (CALM, TERROR, CALM, CALM)])
    assert score is not None
    assert score.value == 0.75
    assert [(mark.segment, mark.what) for mark in score.marks] == [(1, "distress: intensity")]
    assert judged(DistressWithinBound(), []) is None


@pytest.mark.parametrize(
    ("intensity_max", "lasting", "segments_max"),
    [(0.3, 0.5, 2), (1.2, 0.5, 2), (0.7, 0.0, 2), (0.7, 0.3, 0)],
)
def test_a_bound_that_bounds_nothing_is_refused(
    intensity_max: float, lasting: float, segments_max: int
) -> None:
    with pytest.raises(ConfigError):
        DistressBound(intensity_max, lasting, segments_max)


def test_marks_are_bounded_and_the_share_counts_all() -> None:
    score = judged(DistressWithinBound(), [Segment(text=TERROR)] * 300)
    assert score is not None
    assert len(score.marks) == 100
    assert score.value == 0.0
