"""The endpoint's embedder, against the simulated model and against servers that answer badly."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import numpy as np
import pytest

from homeostat.core.endpoint import Endpoint
from homeostat.core.errors import EmbedderError
from homeostat.runtime.embed.endpoint import EndpointEmbedder
from homeostat.runtime.limits.deadline import within
from homeostat.runtime.limits.refused import DeadlinePassed
from homeostat.testing.bare_host import BareHost
from homeostat.testing.embedder_contract import check_embedder
from homeostat.testing.simulated_model.serving import served_model
from homeostat.testing.simulated_model.settings import Faults

SECRET = "my doctor said so"
KEY = "sk-secret"
Reply = Callable[[dict[str, object]], tuple[int, dict[str, str], bytes]]


@contextmanager
def answering(reply: Reply) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Serve what `reply` says, and yield the base URL and the requests that came."""
    asked: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append({**body, "authorization": self.headers["authorization"]})
            code, headers, answer = reply(body)
            self.send_response(code)
            for name, value in {"content-length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def vectors(*rows: list[float], order: list[int] | None = None, tokens: int | None = None) -> bytes:
    data = [{"index": i, "embedding": rows[i]} for i in order or range(len(rows))]
    return json.dumps({"data": data, "usage": {"prompt_tokens": tokens}}).encode()


def plain(body: dict[str, object]) -> tuple[int, dict[str, str], bytes]:
    texts = body["input"]
    assert isinstance(texts, list)
    return 200, {}, vectors(*([float(len(text)), 2.0] for text in texts), tokens=7)


Open = Callable[..., EndpointEmbedder]


@pytest.fixture
def embedder() -> Iterator[Open]:
    """Opens embedders, and closes them in the end."""
    opened: list[EndpointEmbedder] = []

    def open_(
        url: str, host: BareHost | None = None, dimensions: int | None = 2, model: str = "m"
    ) -> EndpointEmbedder:
        endpoint = Endpoint(url, model, KEY)
        opened.append(EndpointEmbedder(host or BareHost(), endpoint, dimensions, sleep=lambda _: None))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def test_the_simulated_model_keeps_the_contract(embedder: Open) -> None:
    with served_model() as url:
        found = embedder(url, dimensions=None)
        check_embedder(found, cosine_min=0.999_999)
        assert found.dimensions == 256
        assert embedder(url, dimensions=64).embed(["some words"]).shape == (1, 64)


def test_faults_that_pass_are_outlived(embedder: Open) -> None:
    host = BareHost()
    with served_model(faults=Faults(error_rate=0.3, limit_rate=0.1, retry_after_s=0.01)) as url:
        found = embedder(url, host, 64)
        assert found.embed([f"text {i}" for i in range(500)]).shape == (500, 64)


def test_each_text_has_its_own_vector_whatever_the_order_of_the_answer(embedder: Open) -> None:
    def backwards(body: dict[str, object]) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, vectors([3.0, 4.0], [0.0, 2.0], order=[1, 0])

    with answering(backwards) as (url, _):
        np.testing.assert_allclose(embedder(url).embed(["a", "b"]), [[0.6, 0.8], [0.0, 1.0]], atol=1e-6)


def test_texts_go_in_batches_of_64_with_the_key_and_the_dimensions(embedder: Open) -> None:
    host = BareHost()
    with answering(plain) as (url, asked):
        found = embedder(url, host)
        assert found.embed(["x"] * 130).shape == (130, 2)
    assert [len(one["input"]) for one in asked] == [64, 64, 2]  # type: ignore[arg-type]
    assert {one["authorization"] for one in asked} == {f"Bearer {KEY}"}
    assert {one["dimensions"] for one in asked} == {2}
    assert host.total("embed.texts", model=found.model) == 130
    assert KEY not in found.model


def test_tokens_and_calls_are_counted_as_of_any_model(embedder: Open) -> None:
    host = BareHost()
    with answering(plain) as (url, _):
        embedder(url, host, model="text-embedding-3-small").embed(["a", "b"])
    host.tracer.drain()
    series = {"model": "text-embedding-3-small", "operation": "embeddings", "provider": "", "service": "test"}
    assert host.total("llm.tokens", type="input", **series) == 7


def test_a_text_without_words_goes_as_a_blank_and_a_long_one_cut(embedder: Open) -> None:
    host = BareHost()
    with answering(plain) as (url, asked):
        embedder(url, host).embed(["", "\n", "w" * 1_000_000])
    assert [len(text) for text in asked[0]["input"]] == [1, 1, 8_192]  # type: ignore[attr-defined]
    name = url.removeprefix("http://").removesuffix("/v1") + "/m/2"
    assert host.total("embed.tokens_cut", model=name) == 1


@pytest.mark.parametrize(
    ("code", "answer", "says"),
    [
        (200, b"{", "answers no vectors"),
        (200, b'{"data": []}', "answers 0 vectors to 1 texts"),
        (200, vectors([1.0, 0.0], [1.0, 0.0]), "answers 2 vectors to 1 texts"),
        (200, vectors([0.0, 0.0]), "without a direction"),
        (200, vectors([1.0, 0.0, 0.0]), "answers 3 dimensions, not 2"),
        (200, b"\xff\xfe", "answers no vectors"),
        (401, b"", "answers 401 .* check the address, the model 'm', and the key in HOMEOSTAT_ENDPOINT_KEY"),
        (404, b"", "answers 404"),
        (400, json.dumps({"error": SECRET}).encode(), "answers 400"),
        (302, b"", "answers 302"),
    ],
)
def test_a_bad_answer_is_an_error_that_is_not_tried_again(
    embedder: Open, code: int, answer: bytes, says: str
) -> None:
    with (
        answering(lambda _: (code, {"location": "http://127.0.0.1:1/"}, answer)) as (url, asked),
        pytest.raises(EmbedderError, match=says) as raised,
    ):
        embedder(url).embed([SECRET])
    assert len(asked) == 1
    assert SECRET not in str(raised.value)
    assert KEY not in repr(raised.value)


def test_what_fails_for_a_while_is_tried_four_times(embedder: Open) -> None:
    with (
        answering(lambda _: (503, {"retry-after": "0.01"}, b"")) as (url, asked),
        pytest.raises(EmbedderError, match="answers 503"),
    ):
        embedder(url).embed([SECRET])
    assert len(asked) == 4


def test_a_wait_that_is_too_long_is_not_waited_for(embedder: Open) -> None:
    with (
        answering(lambda _: (429, {"retry-after": "3600"}, b"")) as (url, asked),
        pytest.raises(EmbedderError, match="to ask again in 3600 s"),
    ):
        embedder(url).embed([SECRET])
    assert len(asked) == 1


def test_an_endpoint_that_is_not_there_is_an_error(embedder: Open) -> None:
    with pytest.raises(EmbedderError, match=r"127\.0\.0\.1:1 cannot be asked"):
        embedder("http://127.0.0.1:1/v1").embed([SECRET])


def test_a_caller_with_a_deadline_is_not_kept_by_a_server_that_stalls(embedder: Open) -> None:
    go_on = Event()

    def stalled(body: dict[str, object]) -> tuple[int, dict[str, str], bytes]:
        go_on.wait(60.0)
        return 500, {}, b""

    host = BareHost()
    with answering(stalled) as (url, _):
        slow = embedder(url, host)
        begun = time.monotonic()
        with pytest.raises((EmbedderError, DeadlinePassed)), within(host, 0.2):
            slow.embed(["hello"])
        assert time.monotonic() - begun < 30.0
        go_on.set()
