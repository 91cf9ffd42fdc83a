"""That evaluators do as well as they say, on the real talks where they are there."""

from pathlib import Path

import pytest
from benchmarks.evaluate_coherence import denials, locomo, placing

from homeostat.evaluate.consistency.logical import LogicalConsistency
from homeostat.evaluate.narrative.global_coherence import GlobalCoherence
from homeostat.evaluate.narrative.local_coherence import LocalCoherence
from homeostat.evaluate.narrative.order import order_for
from homeostat.testing.otlp_requests import data_folder

pytestmark = pytest.mark.long


@pytest.fixture(name="data")
def _data() -> Path:
    found = data_folder()
    if found is None or not (found / "locomo").is_dir() or not (found / "persona").is_dir():
        pytest.skip("the real talks are not here")
    return found


def test_coherence_finds_as_many_swaps_and_places_as_it_says(data: Path) -> None:
    swaps, places = placing((s for talk in locomo(data) for s in talk), order_for(None), None)
    assert swaps.mean() == pytest.approx(LocalCoherence.validation.figure, abs=0.002)
    assert swaps.size == LocalCoherence.validation.of
    assert places.mean() == pytest.approx(GlobalCoherence.validation.figure, abs=0.002)
    assert places.size == GlobalCoherence.validation.of


def test_logical_consistency_finds_as_many_denials_as_it_says(data: Path) -> None:
    wrong, found, _ = denials(data)
    share = sum(f for f, w in zip(found, wrong, strict=True) if w) / sum(wrong)
    false = sum(f for f, w in zip(found, wrong, strict=True) if not w) / (len(wrong) - sum(wrong))
    assert share - false == pytest.approx(LogicalConsistency.validation.figure, abs=0.005)
    assert sum(wrong) == LogicalConsistency.validation.of
