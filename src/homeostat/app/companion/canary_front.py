"""The canary's front: requests of canaries, sent to the application in its own process."""

import asyncio
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette

from homeostat.app.companion.door import CANARY
from homeostat.companion.security.front import Answer

TIMEOUT_S = 30.0


class CanaryFront:
    """Sends requests through gate, door and routes, on the event loop that serves. For other threads."""

    def __init__(self, app: Starlette, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    def __call__(self, method: str, path: str, token: str, body: bytes = b"") -> Answer:
        """Return the answer. Raises TimeoutError."""
        asked = asyncio.run_coroutine_threadsafe(self._asked(method, path, token, body), self._loop)
        try:
            return asked.result(TIMEOUT_S)
        finally:
            asked.cancel()

    async def _asked(self, method: str, path: str, token: str, body: bytes) -> Answer:
        headers = [(b"authorization", b"Bearer " + token.encode())] if token else []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": None,
            "server": None,
            CANARY: True,
        }
        said = bytearray()
        status = 0
        rest = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> MutableMapping[str, Any]:
            if rest:
                return rest.pop()
            await asyncio.get_running_loop().create_future()  # nobody hangs up
            raise AssertionError

        async def send(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            said.extend(message.get("body", b""))

        await self._app(scope, receive, send)
        return Answer(status, bytes(said))
