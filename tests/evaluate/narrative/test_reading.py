"""What is taken from one turn."""

from hypothesis import given
from hypothesis import strategies as st

from homeostat.evaluate.narrative.reading import TEXT_CHARS_MAX, ends_of, read, stem


def test_a_question_at_the_end_asks_for_an_answer() -> None:
    reading = read("I was away. How long did you wait?")
    assert {"asks", "asked:how long", "asked last"} <= reading.leads
    assert "asking first" not in reading.follows


def test_the_first_sentence_tells_what_it_follows_and_the_last_what_follows_it() -> None:
    reading = read("Thanks a lot! See the red boat.")
    assert "edge:thanks" in reading.follows
    assert "edge:thanks" not in reading.leads
    assert {"see", "boat"} <= reading.last
    assert "boat" not in reading.first


def test_forms_of_a_word_have_one_stem() -> None:
    assert stem("paintings") == stem("painted") == stem("paint") == "paint"
    assert stem("tom's") == stem("tom")


@given(st.text(max_size=200))
def test_nothing_raises_and_the_edges_are_of_the_whole(text: str) -> None:
    reading = read(text)
    assert reading.first | reading.last <= reading.stems


def test_of_a_long_text_both_ends_are_kept() -> None:
    text = "a" * 10_000 + "z" * 10_000
    ends = ends_of(text)
    assert len(ends) <= TEXT_CHARS_MAX + 2
    assert ends.startswith("a")
    assert ends.endswith("z")
    assert ends_of("short") == "short"
