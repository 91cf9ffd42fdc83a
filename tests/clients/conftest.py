"""Environments of the clients' tests: made once, from locked requirements, and kept if a folder is given."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from homeostat.testing.child import Child

REQUIREMENTS = Path(__file__).parent / "requirements"

Environment = Callable[[str], Path]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return the interpreter of an environment by the name of its requirements.

    HOMEOSTAT_CLIENT_ENVS names a folder to keep them in; they are made anew when the lock changes.
    """
    kept = os.environ.get("HOMEOSTAT_CLIENT_ENVS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("clients")

    def interpreter(name: str) -> Path:
        lock = REQUIREMENTS / f"{name}.txt"
        digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
        place = folder / f"{name}-{digest}"
        python = place / "bin" / "python"
        if not (place / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
            pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
            subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)
            (place / "ready").touch()
        return python

    return interpreter


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    with Child(
        "homeostat.testing.simulated_model", ["--decode-rate", "200", "--cache-tokens-min", "128"]
    ) as child:
        yield f"{child.url}/v1"


@pytest.fixture(scope="session")
def limited_url() -> Iterator[str]:
    """A model that refuses every call."""
    with Child("homeostat.testing.simulated_model", ["--limit-rate", "1"]) as child:
        yield f"{child.url}/v1"
