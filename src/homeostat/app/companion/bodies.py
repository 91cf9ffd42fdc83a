"""Bodies of requests: read up to a limit, and understood."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from homeostat.app.companion.problems import Refusal
from homeostat.app.web.budget import Budget
from homeostat.companion.message import NewMessage
from homeostat.core.errors import InputError, TooLarge

T = TypeVar("T")

BODY_BYTES_MAX = 8 << 20
"""One message of 1 MiB fits, however its characters are escaped."""

LINE_BYTES_MAX = BODY_BYTES_MAX
LINES_HELD_BYTES = 2 * LINE_BYTES_MAX
"""What a bulk may hold: a line, and the batch of those before it."""

IN_FLIGHT_BYTES = 512 << 20
"""What all bodies may hold that are arriving; `app.state.bodies` is the budget."""

ARRIVES_WITHIN_S = 30.0


class MessageBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A message as a client sends it.

    `at` is a time with its zone (RFC 3339), or else `at_us` (microseconds since 1970, UTC) and `offset_min`
    say the same; without them it is now. `id` makes sending again harmless; without one, one is made up.
    """

    text: str
    id: str = ""
    at: datetime | None = None
    at_us: int | None = None
    offset_min: int = 0
    talk: str = ""
    author: str = ""
    own: bool = True
    k: int | None = None

    def message(self, id: str, now_us: int) -> NewMessage:
        """Return the message, `id` in place of one that was not given."""
        at_us, offset_min = self._moment(now_us)
        return NewMessage(
            id=self.id or id,
            text=self.text,
            at_us=at_us,
            talk=self.talk,
            author=self.author,
            own=self.own,
            offset_min=offset_min,
        )

    def _moment(self, now_us: int) -> tuple[int, int]:
        if self.at is None:
            return (now_us if self.at_us is None else self.at_us), self.offset_min
        if self.at_us is not None:
            raise InputError("a message has `at` or `at_us`, not both")
        return moment_of(self.at)


def moment_of(at: datetime) -> tuple[int, int]:
    """Return a time in microseconds, UTC, and the minutes that its zone is ahead. Raises InputError."""
    offset = at.utcoffset()
    if offset is None:
        raise InputError("`at` needs its time zone, such as 2026-11-20T18:30:00+01:00")
    return round(at.timestamp() * 1e6), int(offset.total_seconds() // 60)


async def body_of(request: Request, most: int = BODY_BYTES_MAX) -> bytes:
    """Return the body of a request. Raises Refusal, TooLarge, OverBudget."""
    budget: Budget = request.app.state.bodies
    body = bytearray()
    taken = 0
    try:
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            async for chunk in request.stream():
                if len(body) + len(chunk) > most:
                    raise TooLarge(f"the body has more than the {most} bytes that are taken")
                budget.take(len(chunk))
                taken += len(chunk)
                body += chunk
    except TimeoutError:
        raise _late() from None
    except ClientDisconnect:
        raise _gone() from None
    finally:
        budget.give_back(taken)
    return bytes(body)


def understood(body: bytes, kind: type[T]) -> T:
    """Return what a JSON body means. Raises Refusal, which quotes nothing of it."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Refusal(422, f"the body does not fit: {error}", "see /openapi.json for its form") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refusal(400, "the body is no JSON in UTF-8", "see /openapi.json for its form") from None


async def lines_of(request: Request) -> AsyncIterator[bytes]:
    """Yield the lines of a body as they come, without their ends. Raises Refusal, TooLarge, OverBudget."""
    budget: Budget = request.app.state.bodies
    budget.take(LINES_HELD_BYTES)
    try:
        rest = bytearray()
        async for chunk in _chunks(request):
            begin, *lines = chunk.split(b"\n")
            rest += begin
            for line in lines:
                yield bytes(rest)
                rest = bytearray(line)
            if len(rest) > LINE_BYTES_MAX:
                raise TooLarge(f"a line has more than the {LINE_BYTES_MAX} bytes that are taken")
        if rest:
            yield bytes(rest)
    finally:
        budget.give_back(LINES_HELD_BYTES)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """Yield the chunks of a body, each of which comes in time."""
    stream = request.stream()
    while True:
        try:
            chunk = await asyncio.wait_for(anext(stream), ARRIVES_WITHIN_S)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise _late() from None
        except ClientDisconnect:
            raise _gone() from None
        yield chunk


def _late() -> Refusal:
    return Refusal(408, f"nothing arrived for {ARRIVES_WITHIN_S:g} s, or not all", "send it again")


def _gone() -> Refusal:
    return Refusal(400, "the connection was closed", "send it again")
