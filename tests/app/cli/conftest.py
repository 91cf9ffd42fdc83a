"""What the tests of the command line share: a capture of OTLP, a simulated model, and `homeostat run`."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from homeostat.testing.child import Child
from homeostat.testing.otlp_capture import OtlpCapture

Run = Callable[..., subprocess.CompletedProcess[str]]


def clean_environment() -> dict[str, str]:
    """The environment without what a developer may have set for a server of their own."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "HOMEOSTAT_"))}


@pytest.fixture
def capture() -> Iterator[OtlpCapture]:
    with OtlpCapture() as server:
        yield server


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    """The address of a simulated model that answers in some ms."""
    quick = ["--overhead-ms", "5", "--prefill-rate", "100000", "--decode-rate", "10000"]
    with Child("homeostat.testing.simulated_model", ["--port", "0", *quick]) as child:
        yield f"{child.url}/v1"


@pytest.fixture
def run(capture: OtlpCapture, tmp_path: Path) -> Run:
    """Run a Python program under `homeostat run`, its data going to the capture."""

    def start(
        program: str,
        *arguments: str,
        options: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
        stdin: str = "",
        python: str = sys.executable,
    ) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "program.py"
        file.write_text(program, encoding="utf-8")
        command = [sys.executable, "-m", "homeostat.app.cli.main", "run", "--endpoint", capture.endpoint]
        return subprocess.run(
            [*command, *options, "--", python, str(file), *arguments],
            env={**clean_environment(), **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return start
