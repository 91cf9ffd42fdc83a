"""How near a text is in meaning to nightmares."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.evaluate.emotion.affect import affect_of
from homeostat.evaluate.emotion.distress import DistressWatch, DistressWithinBound
from homeostat.evaluate.emotion.dread import Dread
from homeostat.evaluate.evaluator import judged
from homeostat.evaluate.evaluators import made
from homeostat.evaluate.passage import Segment
from homeostat.runtime.embed.minilm import MiniLm

WORDLESS = "Slowly it pulled itself out of the drain, and where a face should be there was only a mouth."


class Knives:
    """An embedder that knows whether something sharp or bloody is spoken of."""

    model = "knives-1"
    dimensions = 2

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [
            (1.0, 0.0)
            if any(w in text for w in ("knife", "blood", "axe", "cut me", "murder"))
            else (0.0, 1.0)
            for text in texts
        ]
        return np.array(rows, dtype=np.float32)


def test_a_text_is_dreadful_that_lies_with_the_nightmares() -> None:
    dread = Dread(Knives())
    assert dread.of("the knife") > 0.9 > 0.1 > dread.of("the garden")


class Blind(Knives):
    """An embedder to which all texts are the same."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.ones((len(texts), 2), dtype=np.float32)


def test_an_embedder_that_tells_nothing_apart_makes_every_text_half_dreadful() -> None:
    dread = Dread(Blind())
    assert dread.of("the knife") == dread.of("the garden") == 0.5


def test_by_meaning_it_says_that_it_was_validated_so() -> None:
    by_words, by_meaning = DistressWithinBound(), made("emotion.distress_within_bound", Knives())
    assert "words alone" in by_words.validation.on
    assert "by meaning" in by_meaning.validation.on
    told = [Segment(text="He took the axe.")]
    found, missed = judged(by_meaning, told), judged(by_words, told)
    assert found is not None
    assert missed is not None
    assert found.parts["most"] > missed.parts["most"]


def test_with_meaning_the_words_count_a_third() -> None:
    watch = DistressWatch(dread=Dread(Knives()))
    text = "He was terrified."
    words, both = affect_of(text).distress, watch.distress_of(text, affect_of(text))
    assert both < words
    assert both == pytest.approx(words / 3, abs=0.1)


def test_what_is_frightening_without_such_words_is_found_by_meaning(minilm: MiniLm) -> None:
    assert affect_of(WORDLESS).distress == 0.0
    assert DistressWatch().exceeded_by(WORDLESS) is None
    assert DistressWatch(dread=Dread(minilm)).exceeded_by(WORDLESS) == "intensity"


def test_jokes_about_killing_are_no_nightmares_by_meaning(minilm: MiniLm) -> None:
    text = "Wow, you are killing it, the crowd was screaming for more!"
    told = [Segment(text=text)]
    by_meaning = judged(DistressWithinBound(embedder=minilm), told)
    assert by_meaning is not None
    assert by_meaning.value == 1.0
    by_words = judged(DistressWithinBound(), told)
    assert by_words is not None
    assert by_words.value == 0.0
