"""The model endpoint: a server that speaks the OpenAI API, driven with prompts of the lengths of a trace."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import msgspec

from homeostat.prove.load.arrivals import Arrival
from homeostat.prove.load.http_client import Failed, HttpClient
from homeostat.prove.load.prompt_text import prompt_text
from homeostat.prove.load.recording import ModelCall, Recorder, Unrecorded
from homeostat.prove.load.replay_result import Outcome

END = b"[DONE]"


class CachedTokens(msgspec.Struct):
    """The part of a prompt that the server had cached."""

    cached_tokens: int | None = None


class ReasoningTokens(msgspec.Struct):
    """The part of an answer that was reasoned before it."""

    reasoning_tokens: int | None = None


class Usage(msgspec.Struct):
    """The tokens of one answer, as the server counted them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: CachedTokens | None = None
    completion_tokens_details: ReasoningTokens | None = None

    @property
    def cached_tokens(self) -> int | None:
        """The cached part of the prompt, None where the server does not say."""
        return self.prompt_tokens_details.cached_tokens if self.prompt_tokens_details else None

    @property
    def reasoning_tokens(self) -> int | None:
        """The reasoned part of the answer, None where the server does not say."""
        return self.completion_tokens_details.reasoning_tokens if self.completion_tokens_details else None


class Delta(msgspec.Struct):
    """What a chunk adds to the answer."""

    content: str | None = None


class Choice(msgspec.Struct):
    """One of the answers that a chunk belongs to."""

    delta: Delta | None = None


class Chunk(msgspec.Struct):
    """One event of a stream, or a whole answer: only what a replay reads of it."""

    choices: list[Choice] = []
    usage: Usage | None = None
    error: Any = None

    @property
    def has_content(self) -> bool:
        """Whether the chunk brings some of the answer."""
        return any(choice.delta is not None and choice.delta.content for choice in self.choices)


class ModelEndpoint:
    """Calls `POST {url}/chat/completions`, streaming. Open it with `async with`.

    `url` includes the version (`http://127.0.0.1:8000/v1`). Each call asks for the arrival's output
    tokens as an upper bound; `exact` also asks for them as a lower bound (`min_tokens`, which vLLM and
    the simulated model know and OpenAI refuses). Calls are recorded through `recorder`.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str,
        api_key: str = "",
        exact: bool = False,
        timeout_s: float = 120.0,
        recorder: Recorder | None = None,
    ) -> None:
        self._model = model
        self._exact = exact
        self._recorder: Recorder = recorder or Unrecorded()
        headers = {"content-type": "application/json"}
        if api_key:
            headers["authorization"] = f"Bearer {api_key}"
        self._timeout_s = timeout_s
        self._client = HttpClient(url.rstrip("/") + "/chat/completions", headers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def call(self, arrival: Arrival, number: int) -> Outcome:
        """Ask for one answer and read it to its end."""
        body = self._body(arrival, number)
        with self._recorder.llm(self._model) as call:
            answer = Reading(call)
            try:
                async with asyncio.timeout(self._timeout_s), self._client.post(body) as exchange:
                    if exchange.status >= 400:
                        answer.error = f"http_{exchange.status}"
                    else:
                        await answer.read(exchange.pieces())
            except TimeoutError:
                answer.error = "timeout"
            except Failed as failure:
                answer.error = failure.kind
            except msgspec.DecodeError:
                answer.error = "bad_answer"
            return answer.close()

    def _body(self, arrival: Arrival, number: int) -> bytes:
        tokens = max(arrival.output_tokens, 1)
        body: dict[str, object] = {
            "model": self._model,
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": tokens,
            "messages": [{"role": "user", "content": prompt_text(arrival, number)}],
        }
        if self._exact:
            body["min_tokens"] = tokens
        return msgspec.json.encode(body)


class Reading:
    """One answer as it is being read, recorded through a call."""

    def __init__(self, call: ModelCall) -> None:
        self.error = ""
        self._call = call
        self._begin_s = time.perf_counter()
        self._first_token_s: float | None = None
        self._usage = Usage()

    async def read(self, pieces: AsyncIterator[bytes]) -> None:
        """Read a stream to its end; one that does not say that it is over was cut."""
        over = False
        async for data in events(pieces):
            if data == END:
                over = True
            else:
                self._see(msgspec.json.decode(data, type=Chunk))
        if not over and not self.error:
            self.error = "stream_cut"

    def _see(self, chunk: Chunk) -> None:
        if chunk.error is not None:
            self.error = "error_in_stream"
        if self._first_token_s is None and chunk.has_content:
            self._first_token_s = time.perf_counter() - self._begin_s
            self._call.first_token()
        self._usage = chunk.usage or self._usage

    def close(self) -> Outcome:
        """Record what the call took and return what became of it."""
        usage = self._usage
        self._call.usage(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            reasoning_tokens=usage.reasoning_tokens,
        )
        if self.error:
            self._call.fail(self.error)
        return Outcome(
            self.error,
            self._first_token_s,
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.cached_tokens,
        )


async def events(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the data of each server-sent event of a stream of bytes; events of several lines are joined."""
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).replace(b"\r\n", b"\n").split(b"\n\n")
        for event in whole:
            lines = [line[5:].lstrip(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
            if lines:
                yield b"\n".join(lines)
