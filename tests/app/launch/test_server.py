"""Whoever comes is let in at once, and what is written to them is sent at once."""

import asyncio
import socket

import uvicorn

from homeostat.app import web_server
from homeostat.app.launch.server import listener_at

MANY = 60


async def nothing(*_: object) -> None:
    """An application."""


def test_a_body_does_not_wait_for_its_header_to_be_acknowledged() -> None:
    with listener_at("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_many_who_come_at_once_are_let_in_together() -> None:
    came = 0

    class Guest(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            nonlocal came
            came += 1

    async def turns(listener: socket.socket) -> int:
        server = await asyncio.get_running_loop().create_server(Guest, sock=listener)
        guests = [socket.create_connection(listener.getsockname()) for _ in range(MANY)]
        count = 0
        while came < MANY:
            count += 1
            await asyncio.sleep(0)
        for guest in guests:
            guest.close()
        server.close()
        return count

    new_loop = uvicorn.Config(nothing, loop=web_server.LOOP).get_loop_factory()
    assert new_loop is not None
    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(turns(listener_at("127.0.0.1", 0))) < MANY / 4
