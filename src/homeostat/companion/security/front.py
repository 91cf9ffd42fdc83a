"""The front: how the checks of security ask, as anybody does, through the same code as everybody."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol
from urllib.parse import quote

import msgspec


class Answer(NamedTuple):
    """What was answered."""

    status: int
    body: bytes

    @property
    def let_in(self) -> bool:
        """Whether the door opened, whatever was found behind it."""
        return self.status not in (401, 403, 429)


class Front(Protocol):
    """Sends one request to the application in this process, as a canary."""

    def __call__(self, method: str, path: str, token: str, body: bytes = b"") -> Answer:
        """Return the answer. Raises TimeoutError where there is none in time."""
        ...


def path_of(person: str, tail: str = "") -> str:
    """Return the path of a person's memory.

    >>> path_of("a/b", "/messages")
    '/people/a%2Fb/messages'
    """
    return f"/people/{quote(person, safe='')}{tail}"


def encoded(body: Mapping[str, object]) -> bytes:
    """Return a body as JSON."""
    return msgspec.json.encode(body)
