"""The client: asks an endpoint for one answer, again where that can help, and never tells its key."""

import asyncio
import math
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx2
import msgspec
import stamina

from homeostat.core.errors import NotAvailable
from homeostat.prompts.extraction.rewriting.answer import Answer, NoAnswer
from homeostat.prompts.extraction.rewriting.endpoint import KEY_VARIABLE, Endpoint

BYTES_MAX = 32 * 1024 * 1024
REFUSED = frozenset({401, 403, 404, 405, 407})
"""What every other request would be answered too."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer is waited for, and how often it is asked for again: seconds, attempts in all.

    `answer_s` is for an answer of no length; each token that it may have adds to it.
    """

    answer_s: float = 60.0
    token_s: float = 0.05
    connect_s: float = 10.0
    attempts: int = 4
    wait_first_s: float = 0.5
    wait_most_s: float = 30.0


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class _TryAgain(Exception):
    """An answer that may be another one later; `after_s` is when the server asks to be asked again."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


class ChatClient:
    """Asks one endpoint; use it within `async with`."""

    def __init__(self, endpoint: Endpoint, patience: Patience | None = None) -> None:
        self._endpoint = endpoint
        self._patience = patience = patience or Patience()
        headers = {"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        self._http = httpx2.AsyncClient(
            headers=headers,
            timeout=httpx2.Timeout(None, connect=patience.connect_s),
            follow_redirects=False,
        )

    async def ask(self, messages: list[dict[str, str]], tokens_max: int) -> Answer | NoAnswer:
        """Return what the model answers, at most so many tokens.

        Retried: no connection, no answer in time, 408, 409, 425, 429 and 5xx, as the server asks in
        `retry-after`, else after growing, random waits. Raises NotAvailable where the endpoint cannot be
        reached or refuses all requests.
        """
        request = {
            "model": self._endpoint.model,
            "messages": messages,
            "max_completion_tokens": tokens_max,
        }
        patience = self._patience
        within_s = patience.answer_s + patience.token_s * tokens_max
        retries = stamina.retry_context(
            on=self._again,
            attempts=patience.attempts,
            timeout=None,
            wait_initial=patience.wait_first_s,
            wait_max=patience.wait_most_s,
            wait_jitter=patience.wait_first_s,
        )
        try:
            async for attempt in retries:
                with attempt:
                    async with asyncio.timeout(within_s):
                        return await self._answer(request)
        except httpx2.ConnectError as error:
            raise NotAvailable(f"cannot reach {self._endpoint.host}: {error}") from None
        except TimeoutError:
            return NoAnswer(f"does not answer within {within_s:g} s")
        except (_TryAgain, httpx2.HTTPError) as error:
            return NoAnswer(str(error) or f"breaks off ({type(error).__name__})")
        raise AssertionError("the retries end with a return or a raise")

    def _again(self, error: Exception) -> bool | float:
        if isinstance(error, _TryAgain) and error.after_s is not None:
            return min(error.after_s, self._patience.wait_most_s)
        return isinstance(error, _TryAgain | TimeoutError | httpx2.TransportError)

    async def _answer(self, request: dict[str, object]) -> Answer | NoAnswer:
        body = b""
        address = f"{self._endpoint.url}/chat/completions"
        async with self._http.stream("POST", address, json=request) as response:
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > BYTES_MAX:
                    return NoAnswer(f"answered more than {BYTES_MAX:,} bytes")
        if response.status_code in REFUSED:
            raise NotAvailable(
                f"{self._endpoint.host} answers {response.status_code}; check the address, the model "
                f"{self._endpoint.model!r}, and the key in {KEY_VARIABLE}"
            )
        if response.status_code in {408, 409, 425, 429} or response.status_code >= 500:
            raise _TryAgain(f"answers {response.status_code}", _seconds(response.headers.get("retry-after")))
        if response.status_code != httpx2.codes.OK:
            return NoAnswer(f"answers {response.status_code}")
        return _read(body)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, at)


def _read(body: bytes) -> Answer | NoAnswer:
    try:
        found = msgspec.json.decode(body, type=_Completion)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return NoAnswer(f"answers no chat completion: {error}")
    if not found.choices:
        return NoAnswer("answers no choice")
    choice, usage = found.choices[0], found.usage or _Usage()
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None
    finished = choice.finish_reason in {"stop", None}
    return Answer(
        choice.message.content or "", usage.prompt_tokens, usage.completion_tokens, cached or 0, finished
    )


def _seconds(value: str | None) -> float | None:
    """Return a wait in seconds; None for the other form of the header, a date."""
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if 0.0 <= seconds < math.inf else None
