"""The client: asks an endpoint over HTTP, again where that can help, and never tells its key."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import httpx2
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from homeostat.core.endpoint import KEY_VARIABLE, Endpoint
from homeostat.core.errors import NotAvailable
from homeostat.prompts.extraction.rewriting.answer import NoAnswer

T = TypeVar("T")

BYTES_MAX = 32 * 1024 * 1024
REFUSED = frozenset({401, 403, 404, 405, 407})
"""What every other request would be answered too."""

AGAIN = frozenset({408, 409, 425, 429})


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


class _TryAgain(Exception):
    """An answer that may be another one later; `after_s` is when the server asks to be asked again."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


async def concurrently(work: Callable[[T], Awaitable[None]], items: Iterable[T], at_a_time: int) -> None:
    """Do some work on each item, on so many at a time. The first NotAvailable ends all of it."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_a_time):
                group.create_task(worker())
    except ExceptionGroup as errors:
        raise next((e for e in errors.exceptions if isinstance(e, NotAvailable)), errors) from None


class Client:
    """Posts to one endpoint; use it within `async with`. It never tells the key to anything else."""

    def __init__(self, endpoint: Endpoint, patience: Patience | None = None) -> None:
        self.endpoint = endpoint
        self._patience = patience = patience or Patience()
        headers = {"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        self._http = httpx2.AsyncClient(
            headers=headers,
            timeout=httpx2.Timeout(None, connect=patience.connect_s),
            follow_redirects=False,
        )

    async def post(self, path: str, request: dict[str, object], tokens_max: int = 0) -> bytes | NoAnswer:
        """Return the body that answers a request, which may have so many tokens.

        Retried: no connection, no answer in time, 408, 409, 425, 429 and 5xx, as the server asks in
        `retry-after`, else after growing, random waits. Raises NotAvailable where the endpoint cannot be
        reached or refuses all requests.
        """
        patience = self._patience
        within_s = patience.answer_s + patience.token_s * tokens_max
        retries = AsyncRetrying(
            retry=retry_if_exception(_is_worth_another_try),
            stop=stop_after_attempt(patience.attempts),
            wait=self._wait_s,
            reraise=True,
        )
        try:
            async for attempt in retries:
                with attempt:
                    async with asyncio.timeout(within_s):
                        return await self._answered(f"{self.endpoint.url}/{path}", request)
        except httpx2.ConnectError as error:
            raise NotAvailable(f"cannot reach {self.endpoint.host}: {error}") from None
        except TimeoutError:
            return NoAnswer(f"does not answer within {within_s:g} s")
        except (_TryAgain, httpx2.HTTPError) as error:
            return NoAnswer(str(error) or f"breaks off ({type(error).__name__})")
        raise AssertionError("the retries end with a return or a raise")

    def _wait_s(self, state: RetryCallState) -> float:
        """Return what the server asks for, else a wait that doubles and is random in part."""
        patience = self._patience
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, _TryAgain) and error.after_s is not None:
            return min(error.after_s, patience.wait_most_s)
        return wait_exponential_jitter(
            multiplier=patience.wait_first_s, max=patience.wait_most_s, jitter=patience.wait_first_s
        )(state)

    async def _answered(self, address: str, request: dict[str, object]) -> bytes | NoAnswer:
        body = bytearray()
        async with self._http.stream("POST", address, json=request) as response:
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > BYTES_MAX:
                    return NoAnswer(f"answers more than {BYTES_MAX:,} bytes")
        if response.status_code in REFUSED:
            raise NotAvailable(
                f"{self.endpoint.host} answers {response.status_code}; check the address, the model "
                f"{self.endpoint.model!r}, and the key in {KEY_VARIABLE}"
            )
        if response.status_code in AGAIN or response.status_code >= 500:
            raise _TryAgain(f"answers {response.status_code}", _seconds(response.headers.get("retry-after")))
        if response.status_code != httpx2.codes.OK:
            return NoAnswer(f"answers {response.status_code}")
        return bytes(body)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, at)


def _is_worth_another_try(error: BaseException) -> bool:
    return isinstance(error, _TryAgain | TimeoutError | httpx2.TransportError)


def _seconds(value: str | None) -> float | None:
    """Return a wait in seconds; None for the other form of the header, a date."""
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if 0.0 <= seconds < math.inf else None
