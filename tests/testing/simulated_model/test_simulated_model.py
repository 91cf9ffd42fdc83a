"""The simulated model as real clients see it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise

import httpx2
import openai
import pytest

from homeostat.testing.child import Child, ChildError
from homeostat.testing.eventually import until

MODULE = "homeostat.testing.simulated_model"
FAST = (
    "--overhead-ms",
    "1",
    "--prefill-rate",
    "1e7",
    "--decode-rate",
    "5000",
    "--slots",
    "4",
    "--queue",
    "8",
)
MESSAGES: list[openai.types.chat.ChatCompletionMessageParam] = [
    {"role": "user", "content": "How do I parse JSON?"}
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with Child(MODULE, FAST) as child:
        yield child.url


@pytest.fixture
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as made:
        yield made


def state(control: httpx2.Client) -> tuple[int, int]:
    """Return how many answers are under way, and how many wait."""
    found = control.get("/simulated/state").json()
    return found["active"], found["waiting"]


def until_waiting(control: httpx2.Client, number: int) -> None:
    """Wait until so many wait, and none is answered."""
    until(lambda: state(control) == (0, number))


@pytest.fixture
def faults(address: str) -> Iterator[httpx2.Client]:
    """A client of the control endpoint; what it changes is undone."""
    with httpx2.Client(base_url=address, timeout=60.0) as made:
        before = made.get("/simulated/faults").json()
        yield made
        made.patch("/simulated/faults", json=before)


def test_it_says_everywhere_that_it_is_simulated(address: str, client: openai.OpenAI) -> None:
    page = httpx2.get(address)
    assert page.headers["server"] == "homeostat-simulated-model"
    assert "No language model runs here" in page.text
    assert all(m.id.startswith("simulated-") for m in client.models.list())
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    assert (answer.model, answer.system_fingerprint) == ("gpt-4o-mini", "simulated")
    assert (answer.choices[0].message.content or "").startswith("This is a simulated answer")


def test_a_stream_brings_the_same_text_and_usage_as_the_whole_answer(
    client: openai.OpenAI, faults: httpx2.Client
) -> None:
    whole = client.chat.completions.create(model="simulated-large", messages=MESSAGES)
    faults.patch("/simulated/faults", json={"slow_down": 10.0})
    chunks = list(
        client.chat.completions.create(
            model="simulated-large",
            messages=MESSAGES,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage
    assert whole.usage is not None
    assert len(chunks) > 3
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens


def test_a_stream_without_include_usage_tells_none(client: openai.OpenAI) -> None:
    chunks = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    assert all(c.usage is None for c in chunks)


@pytest.mark.parametrize("tokens", [1, 7, 300])
def test_an_answer_has_exactly_the_tokens_that_its_limits_leave(client: openai.OpenAI, tokens: int) -> None:
    answer = client.chat.completions.create(
        model="m", messages=MESSAGES, max_tokens=tokens, extra_body={"min_tokens": tokens}
    )
    assert answer.usage is not None
    assert answer.usage.completion_tokens == tokens


def test_reasoning_is_part_of_the_output_and_grows_with_the_effort(client: openai.OpenAI) -> None:
    reasoned = []
    for effort in ("low", "high"):
        answer = client.chat.completions.create(model="m", messages=MESSAGES, reasoning_effort=effort)  # type: ignore[arg-type]
        assert answer.usage is not None
        assert answer.usage.completion_tokens_details is not None
        reasoned.append(answer.usage.completion_tokens_details.reasoning_tokens or 0)
        assert reasoned[-1] < answer.usage.completion_tokens
    assert 0 < reasoned[0] < reasoned[1]


def test_cached_tokens_are_true_to_the_prompts_sent(client: openai.OpenAI) -> None:
    shared = "one two " * 1_000

    def cached(text: str) -> int:
        answer = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": text}], max_tokens=1
        )
        assert answer.usage is not None
        assert answer.usage.prompt_tokens_details is not None
        return answer.usage.prompt_tokens_details.cached_tokens or 0

    assert cached(shared + "first") == 0
    assert cached(shared + "second") == 2_001 // 128 * 128
    assert cached("other " + shared) == 0
    assert cached("one two " * 100) == 0


def test_the_responses_api_answers_whole_and_streamed(client: openai.OpenAI) -> None:
    whole = client.responses.create(model="simulated-thinker", input="What does asyncio.gather do?")
    with client.responses.stream(model="simulated-thinker", input="What does asyncio.gather do?") as stream:
        streamed = stream.get_final_response()
    assert streamed.output_text == whole.output_text != ""
    assert streamed.usage == whole.usage
    assert whole.usage is not None
    assert 0 < whole.usage.output_tokens_details.reasoning_tokens < whole.usage.output_tokens


def test_embeddings_of_like_texts_are_alike(client: openai.OpenAI) -> None:
    texts = ["parse a JSON file", "parse one JSON file", "sockets over TLS"]
    answer = client.embeddings.create(model="simulated-embedding", input=texts)
    plain = client.embeddings.create(model="simulated-embedding", input=texts, encoding_format="float")
    vectors = [d.embedding for d in answer.data]
    assert vectors[0] == pytest.approx(plain.data[0].embedding, abs=1e-6)

    def dot(a: list[float], b: list[float]) -> float:
        return sum(x * y for x, y in zip(a, b, strict=True))

    assert dot(vectors[0], vectors[0]) == pytest.approx(1.0, abs=1e-5)
    assert dot(vectors[0], vectors[1]) > dot(vectors[0], vectors[2])
    assert answer.usage.prompt_tokens == 4 + 4 + 3


def test_faults_can_be_set_while_it_runs(client: openai.OpenAI, faults: httpx2.Client) -> None:
    faults.patch("/simulated/faults", json={"error_rate": 1.0})
    with pytest.raises(openai.InternalServerError, match="asked for"):
        client.chat.completions.create(model="m", messages=MESSAGES)
    faults.patch("/simulated/faults", json={"error_rate": 0.0, "limit_rate": 1.0, "retry_after_s": 3})
    with pytest.raises(openai.RateLimitError) as refused:
        client.chat.completions.create(model="m", messages=MESSAGES)
    assert refused.value.response.headers["retry-after"] == "3"


def test_a_full_queue_answers_429(faults: httpx2.Client) -> None:
    faults.patch("/simulated/faults", json={"slots": 0})
    body = {"model": "m", "messages": MESSAGES, "stream": True}
    impatient = httpx2.Timeout(60.0, read=0.02)
    for n in range(8):
        with pytest.raises(httpx2.ReadTimeout):
            faults.post("/v1/chat/completions", json=body | {"stream": False}, timeout=impatient)
        until_waiting(faults, n + 1)
    assert faults.post("/v1/chat/completions", json=body).status_code == 429


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "The body is not a ChatRequest"),
        (b'{"model": "m"}', "missing required field `messages`"),
        (b'{"model": 3, "messages": []}', "Expected `str`, got `int`"),
        (b'{"model": "m", "messages": [], "max_tokens": 0}', "max_tokens must lie between 1"),
    ],
)
def test_a_bad_body_is_answered_with_400_and_the_reason(address: str, body: bytes, message: str) -> None:
    answer = httpx2.post(f"{address}/v1/chat/completions", content=body)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_an_unknown_fault_is_refused_by_name(faults: httpx2.Client) -> None:
    answer = faults.patch("/simulated/faults", json={"gremlins": 1})
    assert answer.status_code == 400
    assert "slow_down" in answer.json()["error"]["message"]


def test_an_unknown_path_is_404_in_the_shape_of_openais_errors(address: str) -> None:
    assert "not simulated" in httpx2.get(f"{address}/v1/files").json()["error"]["message"]


def test_the_slot_of_a_client_that_goes_away_is_free_again(faults: httpx2.Client) -> None:
    faults.patch("/simulated/faults", json={"slow_down": 1_000.0})
    body = {"model": "m", "messages": MESSAGES, "stream": True}
    with faults.stream("POST", "/v1/chat/completions", json=body) as answer:
        assert answer.status_code == 200
        until(lambda: state(faults)[0] == 1)
    until(lambda: state(faults)[0] == 0)


def test_a_stall_holds_back_the_rest_of_an_answer(client: openai.OpenAI, faults: httpx2.Client) -> None:
    faults.patch("/simulated/faults", json={"stall_rate": 1.0, "stall_s": 0.4})
    begin_s = time.perf_counter()
    chunks = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    times = [time.perf_counter() - begin_s for _ in chunks]
    assert max(b - a for a, b in pairwise([0.0, *times])) >= 0.35


def test_latency_follows_the_settings(client: openai.OpenAI, faults: httpx2.Client) -> None:
    def took_s() -> float:
        begin_s = time.perf_counter()
        client.chat.completions.create(
            model="m", messages=MESSAGES, max_tokens=100, extra_body={"min_tokens": 100}
        )
        return time.perf_counter() - begin_s

    at_20_s = 20 * (0.001 + 99 / 5000)
    faults.patch("/simulated/faults", json={"slow_down": 1.0})
    until(lambda: took_s() < at_20_s)
    faults.patch("/simulated/faults", json={"slow_down": 20.0})
    assert took_s() >= at_20_s


def test_it_ends_with_its_parent(address: str) -> None:
    child = Child(MODULE, FAST)
    try:
        assert child.running
        child.close_input()
        child.wait(60.0)
        assert not child.running
    finally:
        child.stop()


def test_a_setting_that_makes_no_sense_is_named() -> None:
    run = subprocess.run([sys.executable, "-m", MODULE, "--slots", "0"], capture_output=True, check=False)
    assert run.returncode == 2
    assert b"slots must be at least 1, not 0" in run.stderr


def test_a_child_that_does_not_start_says_so() -> None:
    with pytest.raises(ChildError, match="ended with status 2 before it served"):
        Child(MODULE, ("--slots", "0"))
