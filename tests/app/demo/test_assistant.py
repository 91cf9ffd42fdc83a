"""The assistant, observed, in front of a simulated model."""

import asyncio
from collections.abc import Iterator

import httpx2
import pytest

from homeostat import Homeostat
from homeostat.app.demo.assistant import Assistant
from homeostat.app.demo.library import Library
from homeostat.app.demo.model_client import ModelBusy, ModelClient, ModelFailed
from homeostat.app.demo.questions import QUESTIONS
from homeostat.core.plant import Steering
from homeostat.testing.child import Child

QUICK = ("--overhead-ms", "1", "--prefill-rate", "1e7", "--decode-rate", "5000")


@pytest.fixture(scope="module")
def model_address() -> Iterator[str]:
    with Child("homeostat.testing.simulated_model", QUICK) as child:
        yield child.url


@pytest.fixture(scope="module")
def library() -> Library:
    return Library()


@pytest.fixture
def hs() -> Iterator[Homeostat]:
    with Homeostat("assistant", keep=False, collect=False) as made:
        yield made


async def _answers(
    hs: Homeostat, library: Library, address: str, questions: list[str], clutter_words: int = 0
) -> list[str]:
    client = ModelClient(f"{address}/v1")
    try:
        assistant = Assistant(hs, library, client)
        assistant.clutter_words = clutter_words
        return ["".join([piece async for piece in assistant.answer(q)]) for q in questions]
    finally:
        await client.aclose()


def test_an_answer_is_measured_in_its_stages_with_its_tokens_and_cost(
    hs: Homeostat, library: Library, model_address: str
) -> None:
    questions = ["How do I parse JSON?", "Why is pickle unsafe?"]
    answers = asyncio.run(_answers(hs, library, model_address, questions))
    assert all(a.startswith("This is a simulated answer") for a in answers)
    for stage in ("answer", "answer.retrieve", "answer.rank", "answer.prompt", "answer.model"):
        assert hs.snapshot("operation.duration", operation=stage).count == 2
    for model in ("gpt-4o-mini", "gpt-4.1"):
        assert hs.snapshot("llm.duration", model=model).count == 1
        assert hs.snapshot("llm.time_to_first_token", model=model).count == 1
        assert hs.snapshot("llm.cost", model=model).total > 0
    assert hs.snapshot("llm.duration", operation="embeddings").count == 2


def test_the_second_answer_finds_the_instructions_in_the_prefix_cache(
    hs: Homeostat, library: Library, model_address: str
) -> None:
    asyncio.run(_answers(hs, library, model_address, ["How do I wrap text?", "How do I read a CSV file?"]))
    tokens = {t: hs.snapshot("llm.tokens", model="gpt-4o-mini", type=t).total for t in ("input", "cached")}
    assert 1_024 <= tokens["cached"] < tokens["input"]


def test_the_quality_of_answers_falls_where_too_little_is_given_or_said(
    hs: Homeostat, library: Library, model_address: str
) -> None:
    questions = list(QUESTIONS[:12])

    def mean(**values: int) -> float:
        hs.knobs.plant.steer(Steering({**{n: k.default for n, k in hs.knobs.plant.knobs.items()}, **values}))
        before = hs.snapshot("outcome.quality", operation="answer").total
        asyncio.run(_answers(hs, library, model_address, questions))
        return (hs.snapshot("outcome.quality", operation="answer").total - before) / len(questions)

    asyncio.run(_answers(hs, library, model_address, questions[:1]))  # declares the knobs
    usual = mean()
    assert usual > 0.95
    assert mean(passages=4) > 0.85
    assert mean(passages=1) < 0.75
    assert mean(passage_words=40) < 0.9 * usual
    assert mean(answer_tokens=64) < 0.75


def test_clutter_makes_the_prompt_longer_and_shorter_excerpts_keep_it_out(
    hs: Homeostat, library: Library, model_address: str
) -> None:
    def tokens(clutter_words: int, words_max: int) -> float:
        hs.knobs.plant.steer(Steering({"passages": 10, "passage_words": words_max, "answer_tokens": 512}))
        before = hs.snapshot("llm.tokens", type="input", model="gpt-4o-mini").total
        asyncio.run(_answers(hs, library, model_address, ["How do I parse JSON?"], clutter_words))
        return hs.snapshot("llm.tokens", type="input", model="gpt-4o-mini").total - before

    asyncio.run(_answers(hs, library, model_address, ["How do I parse JSON?"]))
    plain, cluttered, cut = tokens(0, 1_200), tokens(800, 1_200), tokens(800, 300)
    assert cluttered > plain + 10 * 700
    assert cut < plain + 0.4 * (cluttered - plain)


@pytest.mark.parametrize(
    ("fault", "error"), [({"error_rate": 1.0}, ModelFailed), ({"limit_rate": 1.0}, ModelBusy)]
)
def test_a_failing_model_is_an_error_by_its_type(
    hs: Homeostat, library: Library, model_address: str, fault: dict[str, float], error: type[Exception]
) -> None:
    httpx2.patch(f"{model_address}/simulated/faults", json=fault)
    try:
        with pytest.raises(error):
            asyncio.run(_answers(hs, library, model_address, ["How do I parse JSON?"]))
    finally:
        httpx2.patch(f"{model_address}/simulated/faults", json=dict.fromkeys(fault, 0.0))
    assert hs.snapshot("operation.errors", operation="answer", error=error.__name__).total == 1


def test_the_service_streams_answers_and_refuses_what_asks_nothing(model_address: str) -> None:
    environment = {"HOMEOSTAT_ENDPOINT": "http://127.0.0.1:9"}
    arguments = ("--model-url", f"{model_address}/v1")
    with Child("homeostat.app.demo.service", arguments, environment=environment) as service:
        answer = httpx2.post(f"{service.url}/ask", json={"question": "How do I parse JSON?"})
        related = httpx2.post(f"{service.url}/related", json={"question": "How do I parse JSON?"})
        fault = f"{service.url}/simulated/faults"
        faulty = [httpx2.patch(fault, json={"clutter_words": n}).status_code for n in (800, 0, -1, "many")]
        bad = [httpx2.post(f"{service.url}/ask", content=c) for c in (b"", b"[]", b'{"question": " "}')]
    assert answer.text.startswith("This is a simulated answer")
    assert "json" in related.json()["related"].lower()
    assert faulty == [200, 200, 400, 400]
    assert [b.status_code for b in bad] == [400] * 3
