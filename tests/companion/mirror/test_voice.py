"""The voice is counted message by message, whatever the message is."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.companion.message import Message
from homeostat.companion.mirror.voice import drift, habits
from homeostat.companion.mirror.voice.grams import BUCKETS, code_points, grams
from homeostat.companion.mirror.voice.plain import CHARS_MAX, Names, plain
from homeostat.companion.mirror.voice.rhythm import WAIT_CLASSES, Rhythm
from homeostat.companion.mirror.voice.voice import count
from homeostat.evaluate.emotion import affect

TEXTS = st.lists(st.text(max_size=30), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_texts_together_count_what_they_count_one_by_one(texts: list[str]) -> None:
    together, alone = count(texts), [count([text]) for text in texts]
    assert (together.grams == np.sum([one.grams for one in alone], 0)).all()
    assert (together.habits == np.sum([one.habits for one in alone], 0)).all()
    assert together.words == sum((one.words for one in alone), Counter())


@given(st.text(min_size=1, max_size=40))
def test_every_run_of_two_to_five_characters_is_counted_once(text: str) -> None:
    length = len(text) + 2  # with the breaks before and after it
    expected = sum(max(length - order + 1, 0) for order in (2, 3, 4, 5))
    assert grams(*code_points([text])).sum() == expected


def test_the_same_runs_fall_into_the_same_buckets() -> None:
    once, twice = (grams(*code_points([text])) for text in ("abc", "abcabc"))
    assert once.shape == (BUCKETS,)
    assert (twice[once > 0] > 0).sum() >= 5


@pytest.mark.parametrize(
    "text", ["", "\x00", "😀😀", "שלום עולם", "مرحبا", "\ud800", "a\nb\r\n", "x" * 1_000_000, "𝒳" * 50]
)
def test_strange_texts_are_counted(text: str) -> None:
    found = count(plain([text]))
    assert found.messages == 1
    assert found.habits[habits.MESSAGES] == 1
    assert np.isfinite(found.habits).all()


def test_a_pasted_text_counts_for_its_beginning() -> None:
    assert count(plain(["x" * 1_000_000])).habits[: habits.CLASSES].sum() == CHARS_MAX


@pytest.mark.parametrize(
    ("text", "habit", "times"),
    [
        ("Hello there.", "begins with a capital", 1),
        ("hello there...", "ends with an ellipsis", 1),
        ("hello there...", "ends with a full stop", 0),
        ("why? because! ok", "sentence after another", 2),
        ("sooo good :-)", "same letter thrice", 1),
        ("sooo good :-)", "laughing or smiling emoticon", 1),
        ("sooo good :-)", "emoticon with a nose", 1),
        ("no :(", "other emoticon", 1),
        ("i think i do", "lone i", 2),
        ("I think", "capital I", 1),
        ("it's NOT ok", "word in capitals", 1),
        ("well🎉", "emoji", 1),
        ("a ,b", "space before a mark", 1),
    ],
)
def test_habits_are_found(text: str, habit: str, times: int) -> None:
    assert count([text]).habits[habits.INDEX[habit]] == times


def test_names_and_addresses_leave_only_a_mark() -> None:
    names = Names(["Jack_S", "bob", "I", "the", "{k}rub", "x"])
    texts = ["JACK_S: hi", "bobby and Bob", "I think the x", "{k}rub, see https://example.org/bob?x=1 ok"]
    assert plain(texts, names) == ["@: hi", "bobby and @", "I think the x", "@, see \x01 ok"]


def test_a_name_that_is_no_word_is_harmless() -> None:
    assert plain(["a :) b"], Names([":)", "", " "])) == ["a :) b"]


def message(at_s: int, *, own: bool, talk: str = "t", offset_min: int = 0) -> Message:
    return Message(
        id=str(at_s), text="x", at_us=at_s * 1_000_000, own=own, talk=talk, offset_min=offset_min, seq=1
    )


def test_waits_are_counted_from_the_other_s_last_turn() -> None:
    rhythm = Rhythm()
    rhythm.learn([message(0, own=False), message(90, own=False)])
    rhythm.learn([message(100, own=True), message(101, own=True)])
    assert rhythm.usual_wait_s == 16
    assert sum(rhythm.waits) == 1


def test_a_clock_that_went_back_is_no_answer_and_long_waits_are_one_class() -> None:
    rhythm = Rhythm()
    rhythm.learn([message(500, own=False), message(400, own=True)])
    assert sum(rhythm.waits) == 0
    rhythm.learn([message(0, own=False), message(10**9, own=True)])
    assert rhythm.waits[WAIT_CLASSES - 1] == 1


def test_hours_are_the_person_s_own() -> None:
    rhythm = Rhythm()
    rhythm.learn([message(0, own=True, offset_min=-60)])
    assert rhythm.hours[23] == 1
    assert rhythm.weekdays[2] == 1  # Wednesday, the 31st of December 1969


def test_talks_that_wait_for_an_answer_are_bounded() -> None:
    rhythm = Rhythm()
    rhythm.learn([message(at, own=False, talk=f"t{at}") for at in range(1_000)])
    assert len(rhythm.asked_us) == 32


def test_glad_and_troubled_words_and_signs_are_counted() -> None:
    assert affect.counted(Counter({"i": 1, "love": 1, "broken": 2})) == (1, 2)
    assert affect.signs_of("fine :) or :( 😭") == (1, 2)


def block(rng: np.random.Generator, length: float) -> list[float]:
    return [float(rng.normal(length, 5.0)), *rng.normal(0.3, 0.05, len(drift.ASPECTS) - 1).tolist()]


def test_a_voice_that_changed_is_told_and_where() -> None:
    rng = np.random.default_rng(1)
    blocks = [block(rng, 40.0) for _ in range(40)] + [block(rng, 60.0) for _ in range(12)]
    found = drift.drift(blocks)
    assert [one.aspect for one in found if one.certain] == ["characters a message"]
    assert found[0].low < 20.0 < found[0].high


@pytest.mark.long
def test_a_voice_that_did_not_change_is_rarely_said_to_have() -> None:
    rng = np.random.default_rng(2)
    wrong = sum(
        any(o.certain for o in drift.drift([block(rng, 40.0) for _ in range(48)])) for _ in range(300)
    )
    assert wrong <= 25  # 5% of 300, and three standard deviations


def test_little_history_tells_no_drift() -> None:
    rng = np.random.default_rng(3)
    assert drift.drift([block(rng, 40.0) for _ in range(20)]) == []
    assert drift.drift([]) == []


def test_blocks_are_bounded_and_keep_their_mean() -> None:
    blocks: list[list[float]] = []
    for at in range(500):
        blocks = drift.shortened([*blocks, [float(at)]])
    assert len(blocks) <= drift.BLOCKS_MAX
    assert blocks[-1] == [499.0]
    assert blocks == sorted(blocks)
