"""What evaluators of feeling, senses and the person say of themselves is what their benchmark prints."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from benchmarks.result import Result

from benchmarks import evaluate_personal, evaluate_senses
from homeostat.evaluate.emotion.distress import BY_MEANING, BY_WORDS, DistressWithinBound
from homeostat.evaluate.emotion.match import EmotionMatch
from homeostat.evaluate.emotion.transitions import Transitions
from homeostat.evaluate.evaluator import Validation
from homeostat.evaluate.personal.adaptation import Adaptation
from homeostat.evaluate.personal.faithfulness import Faithfulness
from homeostat.evaluate.personal.fit import PreferenceFit
from homeostat.evaluate.senses.agreement import Agreement
from homeostat.evaluate.senses.picture import Picture
from homeostat.evaluate.senses.sound import Sound
from homeostat.evaluate.senses.vividness import Vividness

DATA = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[3] / "shared" / "data"))

MADE = {evaluator.name: evaluator.validation for evaluator in (Picture, Sound, Agreement)}
READ = {
    evaluator.name: evaluator.validation
    for evaluator in (EmotionMatch, Transitions, Vividness, Faithfulness, PreferenceFit, Adaptation)
}
DISTRESS = {
    f"{DistressWithinBound.name} by words alone": BY_WORDS,
    f"{DistressWithinBound.name} by meaning": BY_MEANING,
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
    printed = {result.question.partition(":")[0] for result in results}
    here = {name: stated for name, stated in DISTRESS.items() if name in printed}
    assert here  # by meaning, too, where MiniLM is built
    assert differing(here, results) == []


def test_each_beats_its_baseline() -> None:
    assert all(one.figure > one.baseline for one in (*MADE.values(), *READ.values(), *DISTRESS.values()))
