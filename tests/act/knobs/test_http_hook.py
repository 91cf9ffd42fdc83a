"""Claims about HTTP hooks, against a real server."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from homeostat.act.knobs.http_hook import HttpHook
from homeostat.core.errors import ConfigError, NotApplied

Answer = tuple[int, bytes]


@contextmanager
def serving(*answers: Answer) -> Iterator[tuple[str, list[Any]]]:
    """A server that gives these answers in turn, the last one again and again, and what it was asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            asked.append((self.path, json.loads(body), self.headers.get("authorization")))
            status, content = answers[min(len(asked), len(answers)) - 1]
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/knob", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_value_is_put_as_json_with_the_token() -> None:
    with serving((204, b"")) as (url, asked):
        HttpHook(url, token="secret").apply("batch", 16)
    assert asked == [("/knob", {"knob": "batch", "value": 16}, "Bearer secret")]


@pytest.mark.parametrize("body", [b"", b"ok", b"[1]", b'{"value": 16}', b'{"batch": 3}'])
def test_an_answer_that_does_not_say_otherwise_confirms(body: bytes) -> None:
    with serving((200, body)) as (url, _):
        HttpHook(url).apply("batch", 16)


@pytest.mark.parametrize(("value", "body"), [(16, b'{"value": 8}'), (True, b'{"value": 1}')])
def test_an_answer_that_tells_another_value_does_not_confirm(value: int, body: bytes) -> None:
    with serving((200, body)) as (url, asked), pytest.raises(NotApplied, match="answered that the value is"):
        HttpHook(url).apply("batch", value)
    assert len(asked) == 1


def test_what_may_pass_is_tried_three_times() -> None:
    waits: list[float] = []
    with serving((503, b""), (429, b""), (200, b"")) as (url, asked):
        HttpHook(url, wait=waits.append).apply("batch", 16)
    assert len(asked) == 3
    assert waits == [0.2, 1.0]
    with (
        serving((500, b"secret text")) as (url, asked),
        pytest.raises(NotApplied, match="status 500") as raised,
    ):
        HttpHook(url, wait=waits.append).apply("batch", 16)
    assert len(asked) == 3
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("status", [302, 400, 401, 404])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    with serving((status, b"")) as (url, asked), pytest.raises(NotApplied, match=str(status)):
        HttpHook(url).apply("batch", 16)
    assert len(asked) == 1


def test_a_server_that_is_gone_does_not_confirm() -> None:
    with serving((200, b"")) as (url, _):
        pass
    with pytest.raises(NotApplied, match="no answer"):
        HttpHook(url, wait=lambda _: None).apply("batch", 16)


@pytest.mark.parametrize("url", ["", "app", "ftp://127.0.0.1/x", "http:///x", "http://127.0.0.1:99999/"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="address"):
        HttpHook(url)


def test_a_token_never_goes_over_the_network_in_clear() -> None:
    with pytest.raises(ConfigError, match="https"):
        HttpHook("http://example.com/knob", token="secret")
    HttpHook("https://example.com/knob", token="secret")
    HttpHook("http://localhost:9000/knob", token="secret")
