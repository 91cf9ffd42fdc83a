"""The HTTP client of a replay, against servers that behave well and badly."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from homeostat.core.errors import ConfigError
from homeostat.prove.load.http_client import Failed, HttpClient

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


async def _against(script: Script, use: Callable[[HttpClient], Awaitable[None]]) -> int:
    """Run a client against a server whose connections follow a script; return how many there were."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        try:
            await script(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with HttpClient(f"http://127.0.0.1:{port}/path?q=1", {"x-own": "yes"}) as client:
            async with asyncio.timeout(60):
                await use(client)
    return connections


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = [line for line in head.split(b"\r\n") if line.startswith(b"content-length")]
    return head + (await reader.readexactly(int(length[0].split(b":")[1])) if length else b"")


def always(*answers: bytes) -> Script:
    """Answer each request of a connection with the next of these, then close it."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await _request(reader)
            for start in range(0, len(answer), 7):
                writer.write(answer[start : start + 7])
                await writer.drain()

    return script


async def _read(client: HttpClient) -> tuple[int, bytes]:
    async with client.post(b"{}") as answer:
        return answer.status, b"".join([piece async for piece in answer.pieces()])


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.0 200 OK\r\n\r\nhello",
    ],
)
def test_a_body_is_read_whole_however_it_is_framed(answer: bytes) -> None:
    async def use(client: HttpClient) -> None:
        assert await _read(client) == (200, b"hello")

    asyncio.run(_against(always(answer), use))


def test_a_connection_serves_one_request_after_the_other() -> None:
    async def use(client: HttpClient) -> None:
        for _ in range(5):
            assert await _read(client) == (200, b"hello")

    assert asyncio.run(_against(always(*[OK] * 5), use)) == 1


def test_requests_at_the_same_time_have_connections_of_their_own() -> None:
    async def use(client: HttpClient) -> None:
        assert await asyncio.gather(*(_read(client) for _ in range(4))) == [(200, b"hello")] * 4

    assert asyncio.run(_against(always(OK), use)) == 4


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    async def use(client: HttpClient) -> None:
        for _ in range(3):
            assert await _read(client) == (200, b"hello")
            await asyncio.sleep(0.02)

    assert asyncio.run(_against(always(OK), use)) == 3


def test_an_answer_that_is_not_read_to_its_end_costs_its_connection() -> None:
    async def use(client: HttpClient) -> None:
        async with client.post(b"") as answer:
            assert answer.status == 503
        assert await _read(client) == (200, b"hello")

    unread = b"HTTP/1.1 503 Busy\r\ncontent-length: 100\r\n\r\nsome"

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _request(reader)
        writer.write(OK if request.endswith(b"{}") else unread)
        await reader.read()

    assert asyncio.run(_against(script, use)) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", "connection_lost"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello", "connection_lost"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "connection_lost"),
        (b"nonsense\r\n\r\n", "bad_answer"),
    ],
)
def test_an_answer_that_is_cut_or_broken_is_a_failure_of_its_kind(answer: bytes, kind: str) -> None:
    async def use(client: HttpClient) -> None:
        with pytest.raises(Failed) as failed:
            await _read(client)
        assert failed.value.kind == kind

    asyncio.run(_against(always(answer), use))


def test_requests_are_what_the_standard_says() -> None:
    seen = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            seen.append(await _request(reader))
            writer.write(OK)

    async def use(client: HttpClient) -> None:
        await _read(client)
        async with client.get() as answer:
            assert answer.status == 200

    asyncio.run(_against(script, use))
    assert seen[0].startswith(b"POST /path?q=1 HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"\r\nx-own: yes\r\ncontent-length: 2\r\n\r\n{}" in seen[0]
    assert seen[1].startswith(b"GET /path?q=1 HTTP/1.1\r\n")


@pytest.mark.parametrize("url", ["", "nowhere", "ftp://x/", "http://", "http://x:port/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="an address such as"):
        HttpClient(url)


def test_a_header_cannot_smuggle_another_one() -> None:
    with pytest.raises(ConfigError, match="single line"):
        HttpClient("http://127.0.0.1/", {"a": "b\r\nc: d"})
