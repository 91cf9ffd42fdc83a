"""Claims about `homeostat embedder`."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from homeostat.app.cli.embedder import embedder
from homeostat.core.errors import InputError
from homeostat.runtime.embed import build as build_module
from homeostat.runtime.embed import source


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that passes for MiniLM's files; what is built of it is short."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "weights"
    folder.mkdir()
    digests = {}
    for name in (source.WEIGHTS, source.VOCABULARY):
        (folder / name).write_text(name)
        digests[name] = hashlib.sha256(name.encode()).hexdigest()
    monkeypatch.setattr(source, "DIGESTS", digests)

    def write(files: Path, into: Path, model: str) -> None:
        for name in ("levels.npy", "scales.npy"):
            np.save(into / name, np.zeros(3))
        (into / "model.onnx").write_bytes(b"graph")

    monkeypatch.setattr(build_module, "_write", write)
    return folder


def test_what_is_built_is_listed_and_then_there(weights: Path) -> None:
    cli = CliRunner()
    before = cli.invoke(embedder, ["status"])
    assert before.exit_code == 1
    assert "minilm-l6-v2-int8-1: not built" in before.output
    built = cli.invoke(embedder, ["build", "--from", str(weights)])
    assert built.exit_code == 0, built.output
    assert "minilm-l6-v2-static-1: 0.0 MB in" in built.output
    after = cli.invoke(embedder, ["status", "--json"])
    assert after.exit_code == 0
    assert [one["fault"] for one in json.loads(after.output)] == ["", "", "not built"]


def test_the_one_for_a_gpu_is_built_where_it_is_asked_for(weights: Path) -> None:
    built = CliRunner().invoke(embedder, ["build", "--gpu", "--json", "--from", str(weights)])
    assert [one["model"] for one in json.loads(built.output)][-1] == "minilm-l6-v2-float32-1"


def test_a_folder_without_the_weights_is_refused(weights: Path) -> None:
    found = CliRunner().invoke(embedder, ["build", "--from", str(weights.parent)])
    assert isinstance(found.exception, InputError)
    assert "holds no model.safetensors" in str(found.exception)
