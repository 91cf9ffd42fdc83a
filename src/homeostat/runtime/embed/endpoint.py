"""The endpoint's embedder: a model elsewhere, behind the API that OpenAI's clients speak."""

import math
import time
from collections.abc import Callable, Sequence

import httpx2
import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.act.knobs.declaration import declared
from homeostat.core.clock import SECOND_NS
from homeostat.core.endpoint import KEY_VARIABLE, Endpoint
from homeostat.core.errors import EmbedderError
from homeostat.runtime.embed.meter import EmbedMeter
from homeostat.runtime.host import Host
from homeostat.runtime.limits.deadline import remaining_s
from homeostat.runtime.limits.pace import Pace
from homeostat.runtime.limits.refused import RateExceeded, Refused
from homeostat.runtime.limits.retry import Retry

NAME = "embed"
BATCH_TEXTS = 64
CHARACTERS_MAX = 8_192
"""What lies beyond is cut off, and counts as one token cut: models refuse texts of many thousands."""

ANSWER_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 5.0
LEAST_TIMEOUT_S = 0.001
RETRY_WAIT_MAX_S = 30.0
BYTES_MAX = 32 * 1024 * 1024
AGAIN = frozenset({408, 409, 425, 429})


class _Vector(msgspec.Struct):
    index: int
    embedding: list[float]


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None


class _Answer(msgspec.Struct):
    data: list[_Vector]
    usage: _Usage | None = None


class _TryAgain(EmbedderError):
    """The same request may be answered later."""


class _AskedToWait(Refused, EmbedderError):
    """The same, and the server says when."""


class EndpointEmbedder:
    """Vectors of a model elsewhere, brought to length one.

    Requests hold up to 64 texts, go out no faster than the knob `embed_rate` a second, and again
    where that can help: no connection, no answer in 30 s, 408, 409, 425, 429 (as `retry-after` asks), 5xx.
    Each is recorded as a call to a model, with tokens and cost. Any thread may embed; close it at the end.
    """

    def __init__(
        self,
        host: Host,
        endpoint: Endpoint,
        dimensions: int | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Ask for so many dimensions, or find out by a request what comes. Raises EmbedderError."""
        self.model = f"{endpoint.host}/{endpoint.model}" + (f"/{dimensions}" if dimensions else "")
        self.dimensions = dimensions or 0
        self._endpoint = endpoint
        self._asked = {"model": endpoint.model, **({"dimensions": dimensions} if dimensions else {})}
        self._llm = host.tracer.llm
        self._now_ns = host.clock.monotonic_ns
        self._http = httpx2.Client(
            headers={"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {},
            timeout=httpx2.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,
        )
        rate = host.knob_set.declare(declared(f"{NAME}_rate", 20.0, low=0.01, high=1_000.0, log=True))
        self._pace = Pace(rate.get, self._now_ns, sleep)
        retry = Retry(host, NAME, on=_is_tried_again, attempts=4, wait_max_s=RETRY_WAIT_MAX_S)
        self._asked_for = retry(self._ask)
        self._meter = EmbedMeter(host, self.model)
        if not dimensions:
            self.dimensions = self._found_dimensions()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text; a text without words goes as a blank, as none at all is refused.

        Raises EmbedderError, or DeadlinePassed where the caller's deadline has.
        """
        rows = np.empty((len(texts), self.dimensions), np.float32)
        self._meter.cut(sum(len(text) > CHARACTERS_MAX for text in texts))
        with self._meter.embedding(len(texts)):
            for begin in range(0, len(texts), BATCH_TEXTS):
                batch = [_sent(text) for text in texts[begin : begin + BATCH_TEXTS]]
                found = self._asked_for(batch)
                if found.shape[1] != self.dimensions:
                    raise EmbedderError(
                        f"{self.model} answers {found.shape[1]} dimensions, not {self.dimensions}"
                    )
                rows[begin : begin + BATCH_TEXTS] = found
        return rows

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _found_dimensions(self) -> int:
        try:
            return len(self._asked_for(["dimensions"])[0])
        except BaseException:
            self.close()
            raise

    def _ask(self, texts: list[str]) -> NDArray[np.float32]:
        """Send one request, and return what it is answered, checked and of length one."""
        try:
            self._pace.wait()
        except RateExceeded as error:
            raise EmbedderError(str(error)) from None
        body = msgspec.json.encode({**self._asked, "input": texts, "encoding_format": "float"})
        with self._llm(self._endpoint.model, self._endpoint.provider, "embeddings") as call:
            answer = self._decoded(self._posted(body))
            if answer.usage is not None:
                call.usage(input_tokens=answer.usage.prompt_tokens)
        return self._vectors(answer, len(texts))

    def _posted(self, body: bytes) -> bytes:
        host = self._endpoint.host
        wait_s = max(min(ANSWER_TIMEOUT_S, remaining_s()), LEAST_TIMEOUT_S)
        timeout = httpx2.Timeout(wait_s, connect=min(CONNECT_TIMEOUT_S, wait_s))
        until_ns = self._now_ns() + round(wait_s * SECOND_NS)
        received = bytearray()
        headers = {"content-type": "application/json"}
        try:
            address = f"{self._endpoint.url}/embeddings"
            with self._http.stream(
                "POST", address, content=body, headers=headers, timeout=timeout
            ) as response:
                for piece in response.iter_bytes():
                    received += piece
                    if len(received) > BYTES_MAX:
                        raise EmbedderError(f"{host} answers more than {BYTES_MAX:,} bytes")
                    if self._now_ns() > until_ns:
                        raise _TryAgain(f"{host} does not answer within {wait_s:g} s")
        except httpx2.TransportError as error:
            raise _TryAgain(f"{host} cannot be asked for vectors: {type(error).__name__}") from None
        code = response.status_code
        if code in AGAIN or code >= 500:
            after_s = _seconds(response.headers.get("retry-after"))
            if after_s is not None:
                raise _AskedToWait(f"{host} answers {code}, and to ask again in {after_s:g} s", after_s)
            raise _TryAgain(f"{host} answers {code}")
        if code != httpx2.codes.OK:
            raise EmbedderError(
                f"{host} answers {code} to texts for vectors; check the address, the model "
                f"{self._endpoint.model!r}, and the key in {KEY_VARIABLE}"
            )
        return bytes(received)

    def _decoded(self, body: bytes) -> _Answer:
        try:
            return msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EmbedderError(f"{self._endpoint.host} answers no vectors: {error}") from None

    def _vectors(self, answer: _Answer, texts: int) -> NDArray[np.float32]:
        host = self._endpoint.host
        found = sorted(answer.data, key=lambda one: one.index)
        if [one.index for one in found] != list(range(texts)):
            raise EmbedderError(f"{host} answers {len(found)} vectors to {texts} texts, or not one for each")
        if len({len(one.embedding) for one in found}) != 1:
            raise EmbedderError(f"{host} answers vectors of different lengths")
        vectors = np.array([one.embedding for one in found], np.float64)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise EmbedderError(f"{host} answers a vector without a direction")
        vectors /= lengths
        return np.asarray(vectors, np.float32)


def _sent(text: str) -> str:
    cut = text[:CHARACTERS_MAX].encode("utf-8", "replace").decode()
    return cut if cut.strip() else " "


def _is_tried_again(error: Exception) -> bool:
    return isinstance(error, _TryAgain | _AskedToWait)


def _seconds(value: str | None) -> float | None:
    """Return a wait in seconds; None for the other form of the header, a date."""
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if 0.0 <= seconds < math.inf else None
