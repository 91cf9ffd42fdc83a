"""`homeostat up` and `homeostat status`, as processes."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from rich.console import Console

from homeostat.app.cli.logs import configure_logs
from homeostat.app.cli.status import view
from homeostat.app.cli.up import announcement
from homeostat.app.launch.server import answers, start_server
from homeostat.core.errors import ConfigError
from homeostat.core.query import TracesQuery
from homeostat.store.open import open_store
from homeostat.testing.otlp_capture import OtlpCapture

HOMEOSTAT = [sys.executable, "-m", "homeostat.app.cli.main"]


class Up:
    """One `homeostat up`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.store = folder / "up.db"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "HOMEOSTAT_"))}
        self.process = subprocess.Popen(
            [*HOMEOSTAT, "up", "--store", str(self.store), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.process.stdout is not None
        self.said = [self.process.stdout.readline()]
        self.address = self.said[0].split()[-1]
        while not self.said[-1].strip().startswith("stop"):
            self.said.append(self.process.stdout.readline())

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    started = Up(tmp_path, "--port", "0")
    yield started
    started.end()


def send_trace(address: str) -> None:
    """Send one span, as OTLP in JSON."""
    now_ns = time.time_ns()
    span = {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "name": "checkout",
        "kind": 2,
        "startTimeUnixNano": str(now_ns - 5_000_000),
        "endTimeUnixNano": str(now_ns),
    }
    service = {"key": "service.name", "value": {"stringValue": "shop"}}
    sent = {"resource": {"attributes": [service]}, "scopeSpans": [{"scope": {"name": "t"}, "spans": [span]}]}
    body = json.dumps({"resourceSpans": [sent]}).encode()
    urlopen(Request(address + "/v1/traces", body, {"content-type": "application/json"}), timeout=60).close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_received_is_in_the_store_after_a_signal(up: Up, number: signal.Signals) -> None:
    send_trace(up.address)
    assert up.end(number) == 0
    store = open_store(up.store)
    found = store.read(TracesQuery(0, 2**62))
    store.close()
    assert [(t.service, t.operation) for t in found] == [("shop", "checkout")]


@pytest.mark.long
def test_status_shows_what_a_program_sent(up: Up) -> None:
    send_trace(up.address)
    command = [*HOMEOSTAT, "status", "--json", "--endpoint", up.address, "--find", "operation.duration"]
    for _ in range(50):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        overview = json.loads(done.stdout)
        if overview["rows"]:
            break
    assert overview["rows"][0]["metric"] == "operation.duration"
    assert done.returncode == (1 if overview["broken"] else 0)


def test_it_says_where_the_page_is_and_how_to_connect(up: Up) -> None:
    said = "".join(up.said)
    assert "homeostat run -- python app.py" in said
    assert str(up.store) in said
    assert answers(up.address)


def test_a_taken_port_is_refused_if_asked_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*HOMEOSTAT, "up", "--port", port, "--store", str(tmp_path / "x.db")],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert port in done.stderr


@pytest.mark.long
def test_another_host_than_loopback_needs_the_token_that_is_shown_once(tmp_path: Path) -> None:
    started = Up(tmp_path, "--port", "0", "--host", "0.0.0.0")
    try:
        (line,) = [text for text in started.said if text.strip().startswith("token")]
        token = line.split()[1]
        local = "http://127.0.0.1:" + started.address.rpartition(":")[2]
        with pytest.raises(HTTPError) as refused:
            urlopen(local + "/api/overview", timeout=60)
        refused.value.close()
        assert refused.value.code == 401
        allowed = Request(local + "/api/overview", headers={"authorization": f"Bearer {token}"})
        with urlopen(allowed, timeout=60) as answer:
            assert answer.status == 200
    finally:
        started.end()


@pytest.mark.long
def test_a_server_started_for_a_run_ends_with_whoever_started_it(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HOMEOSTAT_STORE": str(tmp_path / "run.db"),
        "XDG_STATE_HOME": str(tmp_path),
    }
    started = start_server(environment, keep=False)
    started.wait_until_ready()
    assert answers(started.endpoint)
    assert started.process.stdin is not None
    started.process.stdin.close()
    assert started.process.wait(60.0) == 0


def test_another_server_on_the_port_is_not_taken_for_ours() -> None:
    with OtlpCapture() as other:
        assert not answers(other.endpoint)
    assert not answers("http://127.0.0.1:9")


def test_a_token_is_shown_only_if_it_was_made_up() -> None:
    assert not any("token" in line for line in announcement("http://x:1", "/s.db", None, ""))
    assert any("made-up" in line for line in announcement("http://x:1", "/s.db", "made-up", ""))


def test_an_unknown_log_level_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="loud"):
        configure_logs("loud")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_status_fits_the_terminal(width: int) -> None:
    row = {
        "metric": "llm.duration",
        "attributes": [["model", "a-model-with-a-long-name"]],
        "statistic": "p95",
        "value_words": "412 ms",
        "interval_words": "[398, 427] ms",
        "limit_words": "below 200 ms",
        "state": "violated",
        "state_words": "violated",
        "trend": "rising",
        "n": 8114,
    }
    overview = {"sentence": "1 of 2 limits is broken.", "rows": [row], "rows_total": 3, "broken": 1}
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(view(overview, "http://127.0.0.1:4318", width))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    assert "412 ms" in text
    assert "and 2 more" in text
