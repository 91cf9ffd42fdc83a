"""The liveness of a PostgreSQL connection: whether the server still answers on it, found in bounded time."""

import asyncio
import os
import select
import socket
from contextlib import suppress
from typing import Any

from psycopg import AsyncConnection, Error


def spoke(connection: AsyncConnection[Any]) -> bool:
    """Tell whether the server said something without being asked, such as that it ends. Cost: 2 us."""
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


async def answers(connection: AsyncConnection[Any], timeout_s: float) -> bool:
    """Ask the server; False where it does not answer in time. The connection is of no use then."""
    timer = asyncio.get_running_loop().call_later(timeout_s, _shut_down, connection)
    try:
        before = connection.autocommit
        await connection.set_autocommit(True)
        await connection.execute("")
        await connection.set_autocommit(before)
    except (Error, OSError):
        return False
    finally:
        timer.cancel()
    return not connection.closed


def _shut_down(connection: AsyncConnection[Any]) -> None:
    """End a connection under psycopg, which sees that; cancelled, it would wait for up to 10 s for a server
    that is silent."""
    with suppress(OSError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as its_socket:
        its_socket.shutdown(socket.SHUT_RDWR)
