"""Claims about bodies: lines are the same however their bytes come in."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from homeostat.app.companion import bodies
from homeostat.app.companion.bodies import IN_FLIGHT_BYTES, lines_of
from homeostat.app.web.budget import Budget
from homeostat.core.errors import TooLarge


def asked(chunks: list[bytes]) -> Request:
    """Return a request whose body comes in chunks."""
    waiting = [*chunks, b""]

    async def receive() -> dict[str, object]:
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    app = SimpleNamespace(state=SimpleNamespace(bodies=Budget(IN_FLIGHT_BYTES)))
    return Request({"type": "http", "method": "POST", "headers": [], "app": app}, receive)


async def read(lines: AsyncIterator[bytes]) -> list[bytes]:
    """Return all lines."""
    return [line async for line in lines]


@given(st.lists(st.sampled_from([b"a", b"\n", b"bc", b"\n\n", b"d\ne", b""]), max_size=30))
def test_lines_are_the_same_however_they_come_in(chunks: list[bytes]) -> None:
    whole = b"".join(chunks).split(b"\n")
    expected = whole if whole[-1] else whole[:-1]
    request = asked(chunks)
    assert asyncio.run(read(lines_of(request))) == expected
    request.app.state.bodies.take(IN_FLIGHT_BYTES)  # all was given back


def test_a_line_without_an_end_is_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LINE_BYTES_MAX", 10)
    with pytest.raises(TooLarge, match="more than the 10 bytes"):
        asyncio.run(read(lines_of(asked([b"abc"] * 5))))
