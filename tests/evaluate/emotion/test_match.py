"""Whether what is told feels like what it rests on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.evaluate.emotion.lexicon import LEXICON
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


def test_a_short_account_of_a_long_memory_matches_it() -> None:
    whole = "We had a lovely evening, it was cold and there was little to eat, but it was fun. " * 8
    known = Context(sources=(Source(id="a", text=whole),))
    same = judged(
        EmotionMatch(),
        [Segment(text="A lovely evening, cold and little to eat, but fun.", sources=("a",))],
        known,
    )
    assert same is not None
    assert same.value > 0.9


@given(
    st.lists(st.sampled_from([*sorted(LEXICON), "the", "of", "not", ".", "\0"]), max_size=12),
    st.integers(1, 5),
)
def test_what_is_told_matches_itself_said_again(words: list[str], times: int) -> None:
    text = f"It was {' '.join(words)} and so it was for us. "
    known = Context(sources=(Source(id="a", text=text * times),))
    score = judged(EmotionMatch(), [Segment(text=text, sources=("a",))], known)
    assert score is None or score.value == pytest.approx(1.0)


@given(st.text(), st.text())
def test_a_match_lies_between_0_and_1(told: str, known: str) -> None:
    score = judged(
        EmotionMatch(),
        [Segment(text=f"{told} happy", sources=("a",))],
        Context(sources=(Source(id="a", text=f"{known} murder!"),)),
    )
    assert score is None or 0.0 <= score.value <= 1.0


def test_nothing_is_said_without_known_sources_or_without_feelings() -> None:
    assert judged(EmotionMatch(), [Segment(text="I was happy.")], KNOWN) is None
    assert judged(EmotionMatch(), [Segment(text="I was happy.", sources=("gone",))], KNOWN) is None
    plain = Context(sources=(Source(id="a", text="The train left at nine."),))
    assert judged(EmotionMatch(), [Segment(text="A train, at nine.", sources=("a",))], plain) is None
