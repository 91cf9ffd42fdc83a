"""The health port: a process without pages answers whoever asks whether it is well."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from homeostat.core.errors import ConfigError

ASK_TIMEOUT_S = 5.0

Health = Callable[[], tuple[bool, str]]
"""Whether all is well, and JSON that says more."""


@asynccontextmanager
async def health_port(port: int | None, health: Health) -> AsyncIterator[int | None]:
    """Answer every HTTP request on a port of loopback with 200 or 503; 0 takes a free port, None is none.

    Raises ConfigError where the port is taken.
    """
    if port is None:
        yield None
        return

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                await reader.readuntil(b"\r\n\r\n")
                well, body = health()
                status = "200 OK" if well else "503 Service Unavailable"
                head = (
                    f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                )
                writer.write(f"{head}Connection: close\r\n\r\n{body}".encode())
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(answer, "127.0.0.1", port)
    except OSError as error:
        raise ConfigError(f"port {port} cannot be had ({error.strerror}); choose another, or 0") from None
    async with server:
        yield int(server.sockets[0].getsockname()[1])
