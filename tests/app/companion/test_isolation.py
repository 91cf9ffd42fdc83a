"""Claims about isolation over HTTP: whatever one person's token is sent with, other memories stay closed."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.grant import PERSONS
from homeostat.companion.message import NewMessage
from homeostat.testing.people_database import people_database

SECRET = "mandragora"
NAMES = (
    "bob", "bob ", " bob", "bob%00", "BOB", "ｂｏｂ", "bob/", "./bob", "ann/../bob", "ann%2F..%2Fbob",
    "..%2fbob", "%62%6f%62", "bob;", "bob?person=ann", "bob#", "bob,ann", "ann,bob", "*", "%",
    "' OR '1'='1", "bo\u200bb",
)  # fmt: skip
TAILS = (
    "", "/messages", "/messages/b1", "/messages/bulk", "/search?q=mandragora", "/export", "/import",
    "/mirror", "/mirror/replies", "/mirror/corrections", "/palace/rooms", "/palace/memories",
    "/archaeology/patterns", "/walks", "/messages/../../bob/messages", "/../bob/messages",
    "//bob/messages",
)  # fmt: skip
BODIES = (b"", b"{}", b'{"text":"x","person":"bob"}', b'{"text":"x"}', b'{"on":false}', b"PK\x03\x04", b"[")
TRICKS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-person", b"bob"),
    (b"x-forwarded-user", b"bob"),
    (b"x-original-url", b"/people/bob/messages"),
    (b"x-http-method-override", b"DELETE"),
    (b"cookie", b"homeostat_session=bob"),
    (b"host", b"bob"),
)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def asked(app: Any, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Send one request straight to the application, as no client would write it; return the answer."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": method,
        "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    said = bytearray()
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        for name, value in message.get("headers", ()):
            said.extend(name + b": " + value + b"\n")
        said.extend(message.get("body", b""))

    await app(scope, receive, send)
    return bytes(said)


def forged_token(rng: random.Random, own: str, others: list[str]) -> bytes:
    """Return the person's own token, one that was tampered with, or none."""
    kind = rng.randrange(6)
    if kind == 0:
        place = rng.randrange(len(own))
        return (own[:place] + rng.choice("0aZ_-") + own[place + 1 :]).encode()
    if kind == 1:
        other = rng.choice(others)
        return (other[:21] + own[21:]).encode()
    if kind == 2:
        return rng.choice((b"", b"hsc_", b"null", own.encode() * 2, own.encode() + b"\n"))
    return own.encode()


async def attack(node: CompanionNode, count: int) -> int:
    """Send forged requests; return how many answers held the secret."""
    app = create_companion_app(node)
    own = node.access.issue(PERSONS, person="ann")[0].text
    others = [node.access.issue(PERSONS, person="bob")[0].text]
    rng = random.Random(1)
    leaks = 0
    for _ in range(count):
        name = rng.choice(NAMES)
        name = quote(name) if rng.random() < 0.5 else name.replace(" ", "%20")
        target = f"/people/{name}{rng.choice(TAILS)}"
        headers = [(b"authorization", b"Bearer " + forged_token(rng, own, others))]
        headers += rng.sample(TRICKS, rng.randrange(3))
        method = rng.choice(("GET", "POST", "PUT", "PATCH", "DELETE"))
        leaks += SECRET.encode() in await asked(app, method, target, headers, rng.choice(BODIES))
    return leaks


@pytest.fixture(params=["embedded", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where people are: in files of the data folder, or in a database."""
    if request.param == "embedded":
        yield None
        return
    with people_database(request.getfixturevalue("postgres_url")) as database:
        yield database.application


@pytest.mark.parametrize(
    "count", [pytest.param(500, id="500"), pytest.param(100_000, id="100,000", marks=pytest.mark.long)]
)
def test_no_forged_request_reaches_another_person(tmp_path: Path, store: str | None, count: int) -> None:
    node = CompanionNode(CompanionOptions(tmp_path / "companion", store))
    for knob in ("companion_person_rate", "companion_stranger_rate"):
        node.homeostat.knob_set.pin(knob, 1e9)
    node.companion.receive_many(
        "bob", [NewMessage(id=f"b{n}", text=f"{SECRET} {n}", at_us=n) for n in range(50)]
    )
    node.companion.receive_many("ann", [NewMessage(id="a1", text="hello", at_us=1)])
    before = node.companion.read("bob")
    try:
        assert asyncio.run(attack(node, count)) == 0
        assert node.companion.read("bob") == before
        assert node.people.names("", 1_000) == ["ann", "bob"]
    finally:
        node.close()
