"""Whether what is told feels like what it rests on."""

from homeostat.evaluate.emotion.match import EmotionMatch
from homeostat.evaluate.evaluator import judged
from homeostat.evaluate.passage import Context, Segment, Source

GLAD = Source(id="a", text="We won the match, I was so happy!")
SAD = Source(id="b", text="Grandmother is very ill, I am sad.")
KNOWN = Context(sources=(GLAD, SAD))


def test_the_same_feeling_matches_and_the_opposite_is_marked() -> None:
    same = judged(EmotionMatch(), [Segment(text="A happy, winning day!", sources=("a",))], KNOWN)
    other = judged(EmotionMatch(), [Segment(text="What a terrible, sad day.", sources=("a",))], KNOWN)
    assert same is not None
    assert other is not None
    assert same.value > 0.85
    assert other.value < 0.5
    assert same.marks == ()
    assert [mark.segment for mark in other.marks] == [0]


def test_each_segment_is_held_against_its_own_sources() -> None:
    right = [Segment(text="I was happy.", sources=("a",)), Segment(text="I was sad.", sources=("b",))]
    wrong = [Segment(text="I was happy.", sources=("b",)), Segment(text="I was sad.", sources=("a",))]
    first, second = judged(EmotionMatch(), right, KNOWN), judged(EmotionMatch(), wrong, KNOWN)
    assert first is not None
    assert second is not None
    assert first.value > second.value + 0.2


def test_nothing_is_said_without_known_sources_or_without_feelings() -> None:
    assert judged(EmotionMatch(), [Segment(text="I was happy.")], KNOWN) is None
    assert judged(EmotionMatch(), [Segment(text="I was happy.", sources=("gone",))], KNOWN) is None
    plain = Context(sources=(Source(id="a", text="The train left at nine."),))
    assert judged(EmotionMatch(), [Segment(text="A train, at nine.", sources=("a",))], plain) is None
