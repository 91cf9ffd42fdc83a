"""What evaluators of feeling, senses and the person say of themselves is what their benchmark prints."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from benchmarks.result import Result

from benchmarks import evaluate_personal, evaluate_senses
from homeostat.evaluate.emotion.distress import DistressWithinBound
from homeostat.evaluate.emotion.match import EmotionMatch
from homeostat.evaluate.emotion.transitions import Transitions
from homeostat.evaluate.evaluator import Validation
from homeostat.evaluate.personal.adaptation import Adaptation
from homeostat.evaluate.personal.faithfulness import Faithfulness
from homeostat.evaluate.personal.fit import PreferenceFit
from homeostat.evaluate.senses import agreement, picture, sound
from homeostat.evaluate.senses.vividness import Vividness

DATA = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[3] / "shared" / "data"))

MADE = {
    picture.NAME: picture.VALIDATION,
    sound.NAME: sound.VALIDATION,
    agreement.NAME: agreement.VALIDATION,
}
READ = {
    evaluator.name: evaluator.validation
    for evaluator in (
        DistressWithinBound,
        EmotionMatch,
        Transitions,
        Vividness,
        Faithfulness,
        PreferenceFit,
        Adaptation,
    )
}


def differing(stated: dict[str, Validation], results: Iterable[Result]) -> list[str]:
    """Return the evaluators whose figure or baseline is not what was measured, or that were not measured."""
    measured = {result.question.partition(":")[0]: result for result in results}
    return [
        name
        for name, validation in stated.items()
        if name not in measured
        or abs(measured[name].value - validation.figure) > 0.01
        or abs((measured[name].bar or 0.0) - validation.baseline) > 0.01
    ]


@pytest.mark.long
def test_pictures_and_sounds_state_what_is_measured() -> None:
    assert differing(MADE, evaluate_senses.run(None)) == []


@pytest.mark.long
def test_evaluators_of_texts_state_what_is_measured() -> None:
    if not DATA.is_dir():
        pytest.skip(f"no real inputs at {DATA}")
    results = [*evaluate_senses.run(DATA), *evaluate_personal.run(DATA)]
    assert differing(READ, results) == []


def test_each_beats_its_baseline() -> None:
    assert all(one.figure > one.baseline for one in (*MADE.values(), *READ.values()))
