"""The same-author check tells hands apart, and says nothing on too little."""

import os
from pathlib import Path

import numpy as np
import pytest

from homeostat.companion.mirror.authorship import background
from homeostat.companion.mirror.authorship.same_author import (
    KINDS,
    MESSAGES_MIN,
    SameAuthor,
    common_size,
    compare,
    same_author,
)
from homeostat.companion.mirror.voice import habits
from homeostat.companion.mirror.voice.grams import BUCKETS
from homeostat.companion.mirror.voice.plain import plain
from homeostat.companion.mirror.voice.voice import count
from homeostat.evaluate.function_words import VOCABULARY

DATA = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[4] / "shared" / "data"))

HASTY = [
    "dunno lol",
    "u sure its there??",
    "k brb",
    "nah i dont think so :P",
    "thx man, works now",
    "wait wut",
]
STATELY = [
    "I would advise you to consult the manual first.",
    "That is, as far as I can see, quite correct.",
    "Could you tell me which version you are using?",
    "It seems that the configuration was not saved.",
    "Thank you; I had not considered that possibility.",
    "Perhaps we should begin again, from the beginning.",
]


def test_one_hand_is_likelier_than_another() -> None:
    alike = same_author(HASTY, [text.replace("i", "i ") for text in reversed(HASTY)]).probability
    apart = same_author(HASTY, STATELY).probability
    assert alike is not None
    assert apart is not None
    assert alike > 0.5 > apart


def test_the_order_of_the_sides_does_not_matter() -> None:
    one, other = same_author(HASTY, STATELY), same_author(STATELY, HASTY)
    assert one.probability == pytest.approx(other.probability)


@pytest.mark.parametrize("few", [[], ["hi"], ["a"] * (MESSAGES_MIN - 1)])
def test_too_few_messages_tell_nothing(few: list[str]) -> None:
    found = same_author(few, HASTY)
    assert found.probability is None
    assert found.given(1.0) is None


@pytest.mark.parametrize("text", ["", "😀", "שלום", "\ud800", "x" * 100_000])
def test_strange_texts_have_a_probability(text: str) -> None:
    found = same_author([text] * 6, STATELY).probability
    assert found is not None
    assert 0.0 < found < 1.0


def test_writing_in_which_all_seem_alike_is_answered_soberly() -> None:
    strange = [[f"ЖЖ {word} {n} ЖЖ" for n in range(8)] for word in ("дом", "лес", "дом")]
    one, other, again = (count(plain(texts)) for texts in strange)
    alone, sober = compare(one, other).probability, compare(one, again, beside=other).probability
    assert alone is not None
    assert sober is not None
    assert alone > 0.9, "a kind of writing that was not learned"
    assert sober < alone
    assert (compare(one, other, beside=other).probability or 0.0) == pytest.approx(0.5)


def test_names_do_not_tell() -> None:
    told = [f"ann: {text}" for text in HASTY], [f"ann: {text}" for text in STATELY]
    hidden = same_author(*told, names=["ann"])
    swapped = same_author(told[0], [text.replace("ann", "bob") for text in told[1]], names=["ann", "bob"])
    assert hidden.probability == swapped.probability


def test_prior_odds_move_the_probability() -> None:
    assert SameAuthor(0.5, {}, (50, 50)).given(1 / 99) == pytest.approx(0.01)


def test_sizes_beyond_what_was_learned_count_as_so_many() -> None:
    assert common_size(10_000, 10_000) == common_size(100, 100)
    assert common_size(10, 1_000) < common_size(100, 100)


def test_the_shipped_background_is_of_these_features() -> None:
    held = background.shipped()
    assert held.grams.rate.shape == held.direction.shape == (BUCKETS,)
    assert held.words.rate.shape == (len(VOCABULARY),)
    assert held.habits.rate.shape == (habits.SIZE - 1,)
    assert held.coefficients.shape == (len(KINDS) + 2,)


def test_a_packed_background_is_the_same_but_for_rounding() -> None:
    one = background.shipped()
    again = background.unpack(background.pack(one))
    assert np.allclose(one.grams.rate, again.grams.rate, rtol=2e-2)
    assert np.allclose(one.direction, again.direction, atol=2e-3)
    assert (one.coefficients == again.coefficients).all()


@pytest.mark.long
@pytest.mark.skipif(not (DATA / "irc").is_dir(), reason="the IRC logs are not here")
def test_real_authors_are_told_apart_by_what_other_authors_taught() -> None:
    from benchmarks import companion_authors as authors

    pairs = authors.judged(authors.authors(DATA / "irc"))
    for one, odds in zip(pairs, authors.cross_validated(pairs), strict=True):
        area = authors.area(odds[one.same], odds[~one.same])
        assert area >= (0.92 if one.size == 10 else 0.96), one.size
        assert area <= 0.999, "too good: something gives the author away"
