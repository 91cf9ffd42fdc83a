"""Real client packages under `homeostat run`, into a real server, read back from its store and its API."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from homeostat.core.query import TraceQuery, TracesQuery
from homeostat.core.span import Span
from homeostat.store.open import open_store

pytestmark = [pytest.mark.clients, pytest.mark.long]

HERE = Path(__file__).parent
HOMEOSTAT = [sys.executable, "-m", "homeostat.app.cli.main"]

Environment = Callable[[str], Path]


@dataclass(frozen=True, slots=True)
class Client:
    """A client package, and what it does not tell."""

    environment: str
    scopes: tuple[str, ...]
    responses: bool = True
    first_token: bool = True
    cached: bool = True


BUNDLED = "opentelemetry.instrumentation.genai.openai"
V2 = ("opentelemetry.instrumentation.openai_v2", "opentelemetry.util.genai.handler")

CLIENTS = (
    Client("bare", (BUNDLED,)),
    Client("genai-openai", (BUNDLED,)),
    Client("openai-v2", V2, False, False, False),
    Client("traceloop", ("opentelemetry.instrumentation.openai.",)),
    Client("openinference", ("openinference.instrumentation.openai",)),
)


class Server:
    """A `homeostat up` on a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "clients.db"
        self.process = subprocess.Popen(
            [*HOMEOSTAT, "up", "--port", "0", "--store", str(self.store)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment_without_settings(),
        )
        assert self.process.stdout is not None
        self.endpoint = self.process.stdout.readline().split()[-1]

    def get(self, path: str) -> dict[str, object]:
        with urlopen(self.endpoint + path, timeout=60) as answer:
            found: dict[str, object] = json.load(answer)
            return found

    def spans(self) -> list[Span]:
        """End the server and return what its store holds, in order of time."""
        self.process.terminate()
        assert self.process.wait(60.0) == 0
        store = open_store(self.store)
        summaries = store.read(TracesQuery(0, time.time_ns(), limit=1_000))
        spans = [span for s in summaries for span in store.read(TraceQuery(s.trace_id))]
        store.close()
        return sorted(spans, key=lambda s: s.start_ns)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60.0)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path)
    yield started
    started.stop()


def environment_without_settings() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "HOMEOSTAT_", "PYTHONPATH"))}


def run(server: Server, python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = ["--quiet", "--endpoint", server.endpoint, "--service", "calls"]
    done = subprocess.run(
        [*HOMEOSTAT, "run", *options, "--", str(python), *arguments],
        capture_output=True,
        text=True,
        env=environment_without_settings(),
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "homeostat:" not in done.stderr
    return done


@pytest.mark.parametrize("client", CLIENTS, ids=lambda c: c.environment)
def test_each_call_shows_up_once_with_its_tokens_error_and_first_token(
    client: Client, server: Server, environment: Environment, model_url: str, limited_url: str
) -> None:
    python = environment(client.environment)
    done = run(server, python, str(HERE / "openai_calls.py"), model_url, limited_url)
    truth = [json.loads(line) for line in done.stdout.splitlines()]
    if not client.responses:
        truth = [call for call in truth if call["name"] != "responses"]
    spend = server.get("/api/spend")
    spans = [s for s in server.spans() if s.llm is not None]
    assert [s.service for s in spans] == ["calls"] * len(truth)
    assert [s.source for s in spans if not s.source.startswith(client.scopes)] == []
    for span, call in zip(spans, truth, strict=True):
        llm = span.llm
        assert llm is not None
        assert llm.input_tokens == call.get("input"), call
        assert llm.output_tokens == call.get("output"), call
        assert bool(span.error) == bool(call["error"]), call
        assert (llm.operation == "embeddings") == (call["name"] == "embeddings"), call
        if call["name"].startswith("stream") and client.first_token:
            assert llm.first_token_ns is not None
            assert 0 < llm.first_token_ns < span.duration_ns
        if client.cached:
            assert (llm.cached_tokens or 0) == (call.get("cached") or 0), call
    assert any(call.get("cached") for call in truth)
    total = sum(call.get("input") or 0 for call in truth), sum(call.get("output") or 0 for call in truth)
    assert (spend["input_tokens"], spend["output_tokens"]) == total
    assert spend["calls"] == len(truth)


def test_an_mcp_program_shows_up_on_both_sides(server: Server, environment: Environment) -> None:
    done = run(server, environment("mcp"), str(HERE / "mcp_calls.py"))
    assert done.stdout == "added\n"
    called = [s for s in server.spans() if "tools/call" in s.name]
    assert len(called) == 2
    assert len({s.trace_id for s in called}) == 1


def test_an_mcp_program_without_the_sdk_is_lent_it(server: Server, environment: Environment) -> None:
    run(server, environment("bare"), str(HERE / "mcp_calls.py"))
    assert any("tools/call" in s.name for s in server.spans())
