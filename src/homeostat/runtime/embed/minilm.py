"""MiniLM on this machine, by onnxruntime: on one thread with int8 weights, or in float32 on a GPU."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homeostat.core.errors import EmbedderError, NotAvailable
from homeostat.runtime.embed.built import FLOAT32, GRAPH, MINILM, REMEDY, default_folder, usable
from homeostat.runtime.embed.graph_shape import DIMENSIONS, IDS, VECTORS
from homeostat.runtime.embed.meter import EmbedMeter
from homeostat.runtime.embed.source import VOCABULARY
from homeostat.runtime.embed.wordpieces import WordPieces
from homeostat.runtime.host import Host

CPU = "CPUExecutionProvider"
GPU = "CUDAExecutionProvider"
ONE_TEXT = 0
BATCH_TOKENS_GPU = 16_384
"""A GPU wants many at once. With int8 each text goes alone: what goes together is rounded with one scale, so
that a text's vector would depend on its neighbours (cosine .99), to save a fifth of the time of short ones.
"""


class MiniLm:
    """all-MiniLM-L6-v2 (384 dimensions, up to 256 tokens a text), built into the user's cache.

    A text has the same vector whatever it is embedded with. Any thread may embed: each call computes on its
    caller's thread, 0.09 ms a token.
    """

    dimensions = DIMENSIONS

    def __init__(self, host: Host, models: Path | None = None, *, gpu: bool = False) -> None:
        """Open the built model. Raises NotAvailable where it, its packages or a wanted GPU are missing."""
        self.model = FLOAT32 if gpu else MINILM
        self._batch_tokens = BATCH_TOKENS_GPU if gpu else ONE_TEXT
        folder = usable(models or default_folder(), self.model)
        self._pieces = WordPieces(folder / VOCABULARY)
        self._session = open_session((folder / GRAPH).read_bytes(), GPU if gpu else CPU)
        self._meter = EmbedMeter(host, self.model)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text. Raises EmbedderError where the runtime fails."""
        with self._meter.embedding(len(texts)):
            rows = np.empty((len(texts), DIMENSIONS), np.float32)
            ids = []
            for text in texts:
                found, cut = self._pieces.ids(text)
                self._meter.cut(cut)
                ids.append(found)
            for batch in _batches(ids, self._batch_tokens):
                rows[batch] = run(self._session, np.array([ids[i] for i in batch], np.int64))
            return rows


def open_session(graph: bytes, provider: str = CPU) -> Any:
    """Return onnxruntime's session for a graph: one thread, which does not spin while it waits.

    Raises NotAvailable where the package or the provider is missing.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise NotAvailable(f"{error.name} is not installed: pip install 'homeostat[embeddings]'") from None
    if provider not in onnxruntime.get_available_providers():
        raise NotAvailable(
            f"onnxruntime has no {provider} on this machine: install onnxruntime-gpu in the place of "
            "onnxruntime, with the CUDA that it asks for"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Its errors are raised: on stderr they would come again, with ids of tokens.
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=list(dict.fromkeys((provider, CPU))))
    except _errors() as error:
        raise NotAvailable(f"onnxruntime cannot open the model: {type(error).__name__}; {REMEDY}") from error
    if provider not in session.get_providers():
        raise NotAvailable(f"onnxruntime cannot use its {provider}: the GPU or its driver is missing")
    return session


def run(session: Any, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the vectors of texts as ids, (n, t). Raises EmbedderError."""
    try:
        (vectors,) = session.run([VECTORS], {IDS: ids})
    except _errors() as error:  # whose messages may hold ids of tokens
        raise EmbedderError(f"onnxruntime fails with {ids.shape} tokens: {type(error).__name__}") from None
    assert isinstance(vectors, np.ndarray)
    return vectors


def _errors() -> tuple[type[Exception], ...]:
    """Return what onnxruntime raises: its errors have no root of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as native

    names = ("EPFail", "Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented")
    return (*(getattr(native, name) for name in names), native.RuntimeException, RuntimeError, MemoryError)


def _batches(ids: Sequence[Sequence[int]], tokens_max: int) -> Iterator[list[int]]:
    """Give the places of texts with equally many tokens, so that nothing is padded; the shortest first.

    >>> list(_batches([[1, 2], [3], [4, 5], [6, 7]], tokens_max=4))
    [[1], [0, 2], [3]]
    """
    batch: list[int] = []
    for place in sorted(range(len(ids)), key=lambda i: len(ids[i])):
        length = len(ids[place])
        if batch and (len(ids[batch[0]]) != length or (len(batch) + 1) * length > tokens_max):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
