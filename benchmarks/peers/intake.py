"""What Phoenix and MLflow take in: their own servers, their own SQLite files, the same spans over HTTP.

Neither belongs among the dependencies of this project: `make peers` installs what is locked in
`benchmarks/peers/*.txt` into `.bench-venv/`, some 1.5 GB. A variable can name another Python:

    HOMEOSTAT_BENCH_PHOENIX=/path/to/venv/bin/python
    HOMEOSTAT_BENCH_MLFLOW=/path/to/venv/bin/python

The figure is spans in the database by the CPU seconds of the server and its children, until the last span is
there; a first batch warms up and does not count.
"""

import os
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psutil

from benchmarks.otlp_load import SPANS, llm_request

INSTALLED = Path(__file__).parents[2] / ".bench-venv"

START_S = 180.0
INTAKE_S = 300.0


@dataclass(frozen=True, slots=True)
class Peer:
    """How to start a server and where its spans end up; `{port}` and `{folder}` are filled in."""

    name: str
    variable: str
    arguments: tuple[str, ...]
    database: str
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


PEERS = (
    Peer(
        "Phoenix",
        "HOMEOSTAT_BENCH_PHOENIX",
        ("-m", "phoenix.server.main", "serve"),
        "phoenix.db",
        {
            "PHOENIX_WORKING_DIR": "{folder}",
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": "{port}",
            "PHOENIX_GRPC_PORT": "{second_port}",
            "PHOENIX_TELEMETRY_ENABLED": "false",
        },
    ),
    Peer(
        "MLflow",
        "HOMEOSTAT_BENCH_MLFLOW",
        (
            "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", "{port}",
            "--backend-store-uri", "sqlite:///{folder}/mlflow.db",
        ),
        "mlflow.db",
        {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
        {"x-mlflow-experiment-id": "0"},
    ),
)  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stored(database: Path) -> int:
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10.0) as connection:
            return int(connection.execute("SELECT count(*) FROM spans").fetchone()[0])
    except sqlite3.Error:
        return 0


def _cpu_s(process: psutil.Process) -> float:
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/", timeout=5.0).status_code < 500:
                return
        except httpx2.HTTPError:
            time.sleep(0.5)
    raise RuntimeError("the server did not start")


def _take_in(peer: Peer, port: int, database: Path, server: psutil.Process, batches: int) -> float:
    """Send one batch to warm up and then `batches` more; return spans a CPU second."""
    url, headers = f"http://127.0.0.1:{port}/v1/traces", {"content-type": "application/x-protobuf"}
    bodies = [llm_request(time.time_ns(), seed).SerializeToString() for seed in range(batches + 1)]
    began = 0.0
    for sent, body in enumerate(bodies):
        httpx2.post(url, content=body, headers={**headers, **peer.headers}, timeout=120.0).raise_for_status()
        deadline = time.monotonic() + INTAKE_S
        while _stored(database) < (sent + 1) * SPANS:
            if time.monotonic() > deadline:
                raise RuntimeError(f"only {_stored(database)} spans arrived")
            time.sleep(0.05)
        if sent == 0:
            began = _cpu_s(server)
    return batches * SPANS / (_cpu_s(server) - began)


def measure(batches: int = 4) -> dict[str, float]:
    """Return spans a CPU second of each peer that is installed and starts."""
    found: dict[str, float] = {}
    for peer in PEERS:
        python = os.environ.get(peer.variable) or str(INSTALLED / peer.name.lower() / "bin" / "python")
        if not Path(python).exists():
            continue
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            port = _free_port()
            filled = {"port": port, "second_port": _free_port(), "folder": folder}
            environment = {k: v.format(**filled) for k, v in peer.environment.items()}
            process = subprocess.Popen(
                [python, *(a.format(**filled) for a in peer.arguments)],
                env={**os.environ, **environment},
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            server = psutil.Process(process.pid)
            try:
                _wait_until_it_listens(port, process)
                found[peer.name] = _take_in(peer, port, Path(folder) / peer.database, server, batches)
            except (RuntimeError, httpx2.HTTPError):
                continue
            finally:
                _stop(server)
                process.wait(30)
    return found


def _stop(server: psutil.Process) -> None:
    """End the server and the processes that it started."""
    try:
        everyone = [*server.children(recursive=True), server]
    except psutil.NoSuchProcess:
        return
    for process in everyone:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
