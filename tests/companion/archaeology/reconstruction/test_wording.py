"""The wording: asked of a model once, kept, gone with what it was learned from."""

from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from homeostat.companion.archaeology.archaeology import Archaeology
from homeostat.companion.archaeology.learned import WORDINGS
from homeostat.companion.archaeology.reconstruction.endpoint_writer import EndpointWriter
from homeostat.companion.archaeology.reconstruction.wording import RULES
from homeostat.companion.message import NewMessage
from homeostat.companion.store.people import Memory
from homeostat.core.endpoint import Endpoint
from homeostat.core.errors import NotAvailable
from homeostat.testing.bare_host import BareHost

TALK = [NewMessage(id=str(i), text=f"We bake bread, day {i}", at_us=i, own=i % 2 == 0) for i in range(100)]


class Scribe:
    """A writer that numbers its answers and keeps what it was asked."""

    model = "scribe"

    def __init__(self) -> None:
        self.asked: list[Sequence[dict[str, str]]] = []

    def write(self, messages: Sequence[dict[str, str]], tokens_max: int) -> str:
        """Answer."""
        self.asked.append(messages)
        return f" wording {len(self.asked)} "


def test_a_wording_is_asked_for_once_marked_and_forgotten_with_an_edit(memory: Memory) -> None:
    memory.messages.add(TALK)
    scribe = Scribe()
    part = Archaeology(BareHost(), writer=scribe)
    first = part.reconstruct(memory, 50, 51, worded=True)
    assert (first.wording, first.worded_by) == ("wording 1", "scribe")
    assert str(first).startswith("[reconstructed, ")
    assert part.reconstruct(memory, 50, 51, worded=True) == first
    assert len(scribe.asked) == 1
    system, user = scribe.asked[0]
    assert system["content"] == RULES
    assert user["content"].index("day 49") < user["content"].index("[the missing turn]")
    assert user["content"].index("[the missing turn]") < user["content"].index("day 50")
    memory.messages.edit("3", "We eat it", 1)
    assert part.reconstruct(memory, 50, 51, worded=True).wording == "wording 2"


def test_a_wording_of_what_was_removed_goes_with_the_next_catching_up(memory: Memory) -> None:
    memory.messages.add(TALK[:9])
    part = Archaeology(BareHost(), writer=Scribe())
    part.reconstruct(memory, 4, 5, worded=True)
    part.catch_up(memory, 100)
    assert memory.notes.get(WORDINGS) is not None
    memory.messages.remove(["3"])
    part.catch_up(memory, 100)
    assert memory.notes.get(WORDINGS) is None


def test_no_model_is_asked_where_none_is_set_or_wanted(memory: Memory) -> None:
    memory.messages.add(TALK)
    scribe = Scribe()
    assert Archaeology(BareHost()).reconstruct(memory, 50, 51, worded=True).wording == ""
    assert Archaeology(BareHost(), writer=scribe).reconstruct(memory, 50, 51).wording == ""
    assert scribe.asked == []


@pytest.fixture
def endpoint() -> Iterator[tuple[Endpoint, list[tuple[int, bytes]]]]:
    """A server that answers what is put into the list, the last for ever."""
    answers: list[tuple[int, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            code, body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(code)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Endpoint(f"http://127.0.0.1:{server.server_port}/v1", "tiny", "key"), answers
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_endpoints_writer_returns_what_the_model_says(
    endpoint: tuple[Endpoint, list[tuple[int, bytes]]],
) -> None:
    where, answers = endpoint
    answers.append((200, b'{"choices":[{"message":{"content":"Bread again."}}],"usage":{"prompt_tokens":9}}'))
    writer = EndpointWriter(BareHost(), where)
    assert writer.write([{"role": "user", "content": "hm"}], 10) == "Bread again."
    writer.close()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((401, b"no"), "answers 401"),
        ((200, b"not json"), "no chat completion"),
        ((200, b'{"choices":[]}'), "no turn"),
        ((200, b"x" * 1_100_000), "more than"),
    ],
    ids=["refused", "not JSON", "empty", "endless"],
)
def test_what_is_no_answer_is_an_error_without_any_words(
    endpoint: tuple[Endpoint, list[tuple[int, bytes]]], answer: tuple[int, bytes], says: str
) -> None:
    where, answers = endpoint
    answers.append(answer)
    writer = EndpointWriter(BareHost(), where)
    with pytest.raises(NotAvailable, match=says) as caught:
        writer.write([{"role": "user", "content": "my secret"}], 10)
    assert "secret" not in str(caught.value)
    writer.close()


def test_an_endpoint_that_is_not_there_is_said_to_be_so() -> None:
    writer = EndpointWriter(BareHost(), Endpoint("http://127.0.0.1:9/v1", "tiny"))
    with pytest.raises(NotAvailable, match="cannot be asked"):
        writer.write([], 10)
    writer.close()
