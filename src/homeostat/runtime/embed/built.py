"""Built models: folders in the user's cache, each with a manifest that seals what is in it."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from homeostat.core.errors import NotAvailable
from homeostat.runtime.embed.source import VOCABULARY

MINILM = "minilm-l6-v2-int8-1"
STATIC = "minilm-l6-v2-static-1"
FLOAT32 = "minilm-l6-v2-float32-1"
"""The last number grows whenever the same text would get another vector."""

GRAPH = "model.onnx"
LEVELS = "levels.npy"
SCALES = "scales.npy"
FILES: Mapping[str, tuple[str, ...]] = {
    MINILM: (GRAPH, VOCABULARY),
    STATIC: (LEVELS, SCALES, VOCABULARY),
    FLOAT32: (GRAPH, VOCABULARY),
}
MANIFEST = "manifest.json"
NEW = ".new-"
REMEDY = "run `homeostat embedder build`"


class Manifest(msgspec.Struct, frozen=True):
    """What a folder holds: the model, and the SHA-256 of each of its files."""

    model: str
    digests: dict[str, str]


class Status(msgspec.Struct, frozen=True):
    """A model and where it is; `fault` says why it cannot be used, and is empty where it can."""

    model: str
    folder: str
    size_bytes: int
    fault: str


def default_folder() -> Path:
    """Return where this machine's user keeps built models."""
    from platformdirs import user_cache_path

    return user_cache_path("homeostat") / "embedders"


def status(models: Path, model: str) -> Status:
    """Read a model's files against its manifest: 20 ms for 23 MB."""
    folder = models / model
    fault, size_bytes = "", 0
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        if manifest.model != model or set(manifest.digests) != set(FILES[model]):
            fault = f"{MANIFEST} is of something else"
        for name, digest in manifest.digests.items() if not fault else ():
            size_bytes += (folder / name).stat().st_size
            if _digest(folder / name) != digest:
                fault = f"{name} is damaged"
    except FileNotFoundError:
        fault = "not built" if not folder.exists() else "not complete"
    except (OSError, msgspec.DecodeError) as error:
        fault = f"cannot be read ({type(error).__name__})"
    return Status(model, str(folder), size_bytes, fault)


def usable(models: Path, model: str) -> Path:
    """Return the folder of a model whose files are whole. Raises NotAvailable with the remedy."""
    found = status(models, model)
    if found.fault:
        raise NotAvailable(f"the embedder {model} in {found.folder!r} is {found.fault}: {REMEDY}")
    return Path(found.folder)


@contextmanager
def new_folder(models: Path, model: str) -> Iterator[Path]:
    """Give an empty folder; what was put into it takes the model's place, sealed, or nothing does."""
    with tempfile.TemporaryDirectory(prefix=NEW, dir=models) as name:
        folder = Path(name) / model
        folder.mkdir()
        yield folder
        digests = {file: _digest(folder / file) for file in FILES[model]}
        manifest = json.dumps({"model": model, "digests": digests}, indent=2)
        (folder / MANIFEST).write_text(manifest, encoding="utf-8")
        with suppress(FileNotFoundError):  # what stood there was not usable
            (models / model).rename(Path(name) / "old")
        folder.rename(models / model)


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
