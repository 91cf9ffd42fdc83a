"""Bodies of requests, read up to a limit."""

from starlette.requests import Request

from homeostat.core.errors import TooLarge

BODY_BYTES_MAX = 8_192


async def body_of(http: Request, most: int = BODY_BYTES_MAX) -> bytes:
    """Return the body of a request of at most so many bytes. Raises TooLarge."""
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > most:
            raise TooLarge(f"the body has more than {most} bytes")
    return bytes(body)
