"""Claims about the registry of evaluators: names, needs, and that each works and beats its baseline."""

import io
import math
import subprocess
import sys
import wave
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from homeostat.core.errors import ConfigError, InputError
from homeostat.core.metric import Better, Kind
from homeostat.evaluate.evaluation import evaluation
from homeostat.evaluate.evaluator import Evaluator, Score, judged
from homeostat.evaluate.evaluators import Shipped, by_name, made, names, shipped, why_silent
from homeostat.evaluate.passage import Context, Segment, Source
from homeostat.evaluate.segments import segments_of
from homeostat.observe.catalogue import load_catalogue
from homeostat.testing.digest_embedder import DigestEmbedder


def picture() -> bytes:
    held = io.BytesIO()
    Image.radial_gradient("L").save(held, "PNG")
    return held.getvalue()


def sound() -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(2)
        writing.setframerate(8_000)
        writing.writeframes(b"\0\x40\0\xc0" * 4_000)
    return held.getvalue()


@cache
def by_meaning(name: str) -> Evaluator:
    """Return an evaluator with an embedder, the same one each time: it keeps nothing between passages."""
    return made(name, DigestEmbedder())


TEXT = segments_of("On Saturday Mara took the train. She was glad. Tom sold the boat, which made her sad.")
STRANGE = (Segment(text="今日は雨。"), Segment(text="¿Qué? \ud800 \0"), Segment(text="a " * 20_000))
RICH = Context(
    sources=(
        Source(id="1", text="Mara took the train on Saturday."),
        Source(id="2", text="Tom sold the boat."),
    ),
    likes=("trains",),
    dislikes=("boats",),
    learned={"sea": 0.5},
    question="What happened?",
    picture=picture(),
    sound=sound(),
)


@pytest.mark.parametrize("name", names())
def test_each_is_what_the_registry_says_and_beat_its_baseline(name: str) -> None:
    evaluator = by_meaning(name)
    assert evaluator.name == name
    validation = evaluator.validation
    assert validation.of >= 20
    assert validation.on
    assert validation.baseline_is
    assert math.isfinite(validation.figure)
    assert validation.figure > validation.baseline


@pytest.mark.parametrize("name", names())
def test_each_scores_within_bounds_or_says_nothing(name: str) -> None:
    evaluator = by_meaning(name)
    for segments in (
        TEXT,
        TEXT[:1],
        (),
        [Segment(text="")],
        STRANGE,
    ):
        for context in (Context(), RICH, Context(language="de")):
            score = judged(evaluator, segments, context)
            assert score is None or 0.0 <= score.value <= 1.0
            assert score is None or score.evaluator == name


@pytest.mark.parametrize("name", names())
@settings(max_examples=20)
@given(texts=st.lists(st.text(max_size=80) | st.sampled_from([one.text for one in TEXT]), max_size=12))
def test_each_takes_any_text(name: str, texts: list[str]) -> None:
    evaluator = by_meaning(name)
    score = judged(evaluator, [Segment(text=text, sources=("1",)) for text in texts], RICH)
    assert score is None or 0.0 <= score.value <= 1.0


@pytest.mark.parametrize("name", names())
def test_what_it_finds_of_a_text_is_the_same_each_time_and_in_the_middle_of_it(name: str) -> None:
    evaluator = by_meaning(name)
    looked = evaluator.begin(RICH)
    for segment in TEXT:
        looked.add(segment)
        looked.score()
    assert looked.score() == judged(evaluator, TEXT, RICH) == judged(evaluator, TEXT, RICH)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
def test_a_score_beyond_its_scale_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="a score lies between 0 and 1"):
        Score(evaluator="mine", value=value)


def test_pictures_and_sounds_are_judged_without_a_text_and_in_any_language() -> None:
    media = [made(name, None) for name in ("senses.picture", "senses.sound")]
    found = evaluation(media, (), Context(picture=picture(), sound=sound(), language="ja"))
    assert set(found.scores) == {"senses.picture", "senses.sound"}
    assert evaluation(media, (), Context(language="ja")).silent == {
        "senses.picture": "needs picture in the context",
        "senses.sound": "needs sound in the context",
    }


def test_what_is_no_picture_silences_who_needs_one_and_nobody_else() -> None:
    asked = [made(name, None) for name in ("senses.picture", "senses.vividness")]
    found = evaluation(
        asked, segments_of("The red lamp glowed, and it smelled of smoke."), Context(picture=b"?")
    )
    assert list(found.scores) == ["senses.vividness"]
    assert "no picture that can be read" in found.silent["senses.picture"]


@pytest.mark.parametrize("name", [name for name in names() if shipped(name).needs])
def test_what_needs_something_of_the_context_says_so(name: str) -> None:
    evaluator = by_meaning(name)
    assert judged(evaluator, TEXT) is None
    said = why_silent(evaluator, TEXT, Context())
    assert all(field in said for field in shipped(name).needs)


def test_names_that_are_none_or_taken_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"no evaluator is named 'beauty'; there are"):
        shipped("beauty")
    one = Shipped("twice", "nowhere:Nothing")
    with pytest.raises(ConfigError, match="two evaluators are named 'twice'"):
        by_name((one, one))


def test_why_somebody_elses_evaluator_is_silent_is_said_as_far_as_it_can_be() -> None:
    class Mine:
        name = "mine"
        validation = by_meaning(names()[0]).validation

        def begin(self, context: Context) -> "Mine":
            return self

        def add(self, segment: Segment) -> None: ...

        def score(self) -> Score | None:
            return None

    assert "too little" in why_silent(Mine(), TEXT, Context())
    assert why_silent(Mine(), [Segment(text=" ")], Context()) == "there is no text"


@pytest.mark.parametrize("name", [name for name in names() if shipped(name).languages])
def test_nobody_judges_a_language_that_it_was_not_validated_on(name: str) -> None:
    german = Context(
        sources=RICH.sources, likes=RICH.likes, dislikes=RICH.dislikes, learned=RICH.learned, language="de"
    )
    found = evaluation([by_meaning(name)], TEXT, german)
    assert found.scores == {}
    assert found.silent == {name: "was validated on en, not on de"}


def test_english_is_english_in_every_country() -> None:
    british = Context(language="en-GB")
    assert list(evaluation([made("senses.vividness", None)], TEXT, british).scores) == ["senses.vividness"]


@pytest.mark.parametrize("name", names())
def test_each_has_its_metric_in_the_catalogue(name: str) -> None:
    metric = load_catalogue()[f"quality.{name}"]
    assert (metric.unit, metric.kind, metric.better) == ("ratio", Kind.HISTOGRAM, Better.HIGHER)
    assert metric.target is None or 0.0 < metric.target <= 1.0


def test_names_cost_no_import_of_an_evaluator() -> None:
    program = (
        "import sys; from homeostat.evaluate.evaluators import names; names();"
        "print([m for m in sys.modules if m.startswith('homeostat.evaluate.') and m.count('.') > 2])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_reference_of_the_evaluators_is_that_of_the_registry() -> None:
    sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
    try:
        from evaluators_reference import TARGET, reference
    finally:
        sys.path.pop(0)
    assert TARGET.read_text(encoding="utf-8") == reference(), "run `python tools/evaluators_reference.py`"
