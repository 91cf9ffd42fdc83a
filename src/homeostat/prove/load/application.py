"""The application: any URL, driven with requests at the times of a trace."""

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import msgspec

from homeostat.core.errors import ConfigError
from homeostat.prove.load.arrivals import Arrival
from homeostat.prove.load.http_client import Failed, HttpClient
from homeostat.prove.load.prompt_text import prompt_text
from homeostat.prove.load.recording import Recorder, Unrecorded
from homeostat.prove.load.replay_result import Outcome

PLACE = "{prompt}"
BODY = '{"question": "{prompt}"}'


class Application:
    """Calls `POST {url}` and reads the answer to its end. Open it with `async with`.

    `{prompt}` in `body`, which is JSON, stands for a text as long as the arrival says, or for the next
    of `texts` where there are some. Without a body it is a GET. Calls are recorded through `recorder` as
    the operation `operation`.
    """

    def __init__(
        self,
        url: str,
        *,
        body: str | None = BODY,
        texts: Sequence[str] = (),
        headers: dict[str, str] | None = None,
        timeout_s: float = 120.0,
        operation: str = "replay.request",
        recorder: Recorder | None = None,
    ) -> None:
        self._body = body
        self._texts = texts
        self._operation = operation
        self._recorder: Recorder = recorder or Unrecorded()
        self._check_body()
        self._timeout_s = timeout_s
        self._client = HttpClient(url, {"content-type": "application/json", **(headers or {})})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def call(self, arrival: Arrival, number: int) -> Outcome:
        """Send one request and read its answer to the end."""
        content = self._content(arrival, number)
        begin_s = time.perf_counter()
        first_s: float | None = None
        with self._recorder.operation(self._operation) as work:
            try:
                exchange = self._client.get() if content is None else self._client.post(content)
                async with asyncio.timeout(self._timeout_s), exchange as answer:
                    error = f"http_{answer.status}" if answer.status >= 400 else ""
                    async for _ in answer.pieces():
                        if first_s is None and not error:
                            first_s = time.perf_counter() - begin_s
            except TimeoutError:
                error = "timeout"
            except Failed as failure:
                error = failure.kind
            if error:
                work.fail(error)
        return Outcome(error, first_s)

    def _content(self, arrival: Arrival, number: int) -> bytes | None:
        if self._body is None:
            return None
        if PLACE not in self._body:
            return self._body.encode()
        text = self._texts[number % len(self._texts)] if self._texts else prompt_text(arrival, number)
        quoted = msgspec.json.encode(text).decode()[1:-1]
        return self._body.replace(PLACE, quoted).encode()

    def _check_body(self) -> None:
        if self._body is not None:
            try:
                msgspec.json.decode(self._body)
            except msgspec.DecodeError as error:
                raise ConfigError(f"the body {self._body[:80]!r} is no JSON: {error}") from None
