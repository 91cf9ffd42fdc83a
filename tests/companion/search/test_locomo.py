"""The search finds what answers LoCoMo's questions, on talks that its weights were not chosen on."""

import os
from pathlib import Path

import pytest
from benchmarks.companion_locomo import ALL, TUNED_ON, asked
from benchmarks.locomo_talks import locomo

from homeostat.runtime.embed.minilm import MiniLm

DATA = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.mark.long
def test_words_alone_find_seven_tenths_of_the_evidence_among_ten() -> None:
    talks = locomo(DATA)[TUNED_ON:]
    if not talks:
        pytest.skip("LoCoMo is not there")
    at_5, at_10 = asked(talks, None)[ALL]
    assert at_10.recall >= 0.74
    assert at_5.recall >= 0.68


@pytest.mark.long
def test_with_minilm_it_finds_four_fifths_of_a_talk_s(minilm: MiniLm) -> None:
    talks = locomo(DATA)[TUNED_ON : TUNED_ON + 1]
    if not talks:
        pytest.skip("LoCoMo is not there")
    at_5, at_10 = asked(talks, minilm)[ALL]
    assert at_10.recall >= 0.8
    assert at_5.recall >= 0.7
