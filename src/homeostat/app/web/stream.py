"""The event stream: a response of server-sent events that lets go of its source when the client leaves."""

from collections.abc import AsyncGenerator

from starlette.responses import StreamingResponse
from starlette.types import Send


class EventStream(StreamingResponse):
    """Server-sent events from a generator, which is closed whatever ends the response."""

    def __init__(self, source: AsyncGenerator[bytes, None]) -> None:
        super().__init__(source, media_type="text/event-stream", headers={"x-accel-buffering": "no"})
        self._source = source

    async def stream_response(self, send: Send) -> None:
        """Send the events until the source or the client ends."""
        try:
            await super().stream_response(send)
        finally:
            await self._source.aclose()
