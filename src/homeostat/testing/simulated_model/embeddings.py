"""The embeddings of the simulated model: hashed bags of words, so that like texts have like vectors."""

import base64
import zlib

import numpy as np
from numpy.typing import NDArray

from homeostat.core.errors import InputError
from homeostat.testing.simulated_model.engine import Ticket
from homeostat.testing.simulated_model.tokens import Prompt, tokenize
from homeostat.testing.simulated_model.wire import EmbeddingsRequest, Json

DIMENSIONS_MAX = 4_096
INPUTS_MAX = 2_048


def texts_of(request: EmbeddingsRequest) -> list[list[str]]:
    """Return the tokens of each input; given as ids of another vocabulary, they stand for themselves."""
    if not 1 <= request.dimensions <= DIMENSIONS_MAX:
        raise InputError(f"dimensions must lie between 1 and {DIMENSIONS_MAX}, not {request.dimensions}")
    given = request.input
    if isinstance(given, str):
        return [tokenize(given)]
    if not 1 <= len(given) <= INPUTS_MAX:
        raise InputError(f"input must hold 1 to {INPUTS_MAX} texts, not {len(given)}")
    if all(isinstance(token, int) for token in given):
        return [[str(token) for token in given]]
    return [_tokens_of(text) for text in given]


def _tokens_of(text: str | int | list[int]) -> list[str]:
    if isinstance(text, int):
        raise InputError("input must hold texts or tokens, not both")
    return tokenize(text) if isinstance(text, str) else [str(token) for token in text]


def read_embeddings(texts: list[list[str]]) -> Prompt:
    """Return all inputs as one prompt, of which nothing is ever cached."""
    return Prompt(sum(map(len, texts)), (), 0)


def vector_of(tokens: list[str], dimensions: int) -> NDArray[np.float32]:
    """Return the unit vector of a text: each word adds 1 or -1 at a place that its checksum gives."""
    vector = np.zeros(dimensions, dtype=np.float32)
    for token in tokens:
        checksum = zlib.crc32(token.strip().lower().encode("utf-8", "surrogatepass"))
        vector[checksum % dimensions] += 1.0 if checksum & 0x8000_0000 else -1.0
    length = float(np.linalg.norm(vector))
    if length == 0.0:
        vector[0] = length = 1.0
    return vector / np.float32(length)


def embeddings(request: EmbeddingsRequest, texts: list[list[str]], ticket: Ticket) -> Json:
    """Return the body of an answer."""

    def encoded(tokens: list[str]) -> str | list[float]:
        vector = vector_of(tokens, request.dimensions)
        if request.encoding_format == "base64":
            return base64.b64encode(vector.astype("<f4").tobytes()).decode()
        return [float(x) for x in vector]

    data = [{"object": "embedding", "index": i, "embedding": encoded(t)} for i, t in enumerate(texts)]
    usage = {"prompt_tokens": ticket.prompt.tokens, "total_tokens": ticket.prompt.tokens}
    return {"object": "list", "data": data, "model": request.model, "usage": usage}
