"""The application: any URL, driven with requests at the times of a trace."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx2
import msgspec

from homeostat.core.errors import ConfigError
from homeostat.prove.arrivals import Arrival
from homeostat.prove.prompt_text import prompt_text
from homeostat.prove.recording import Recorder, Unrecorded
from homeostat.prove.replay_result import Outcome

PLACE = "{prompt}"
BODY = '{"question": "{prompt}"}'


def checked_url(url: str) -> str:
    """Return an address, or raise ConfigError for what is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"an address such as http://127.0.0.1:8000/ask is needed, not {url!r}")
    return url


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
        connections: int = 1_024,
        operation: str = "replay.request",
        recorder: Recorder | None = None,
    ) -> None:
        self._url = checked_url(url)
        self._body = body
        self._texts = texts
        self._operation = operation
        self._recorder: Recorder = recorder or Unrecorded()
        self._check_body()
        self._client = httpx2.AsyncClient(
            headers={"content-type": "application/json", **(headers or {})},
            timeout=httpx2.Timeout(timeout_s, pool=None),
            limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def call(self, arrival: Arrival, number: int) -> Outcome:
        """Send one request and read its answer to the end."""
        content = self._content(arrival, number)
        method = "GET" if content is None else "POST"
        begin_s = time.perf_counter()
        first_s: float | None = None
        with self._recorder.operation(self._operation) as work:
            try:
                async with self._client.stream(method, self._url, content=content) as response:
                    error = f"http_{response.status_code}" if response.status_code >= 400 else ""
                    async for piece in response.aiter_raw():
                        if first_s is None and piece and not error:
                            first_s = time.perf_counter() - begin_s
            except httpx2.HTTPError as failure:
                error = type(failure).__name__
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
