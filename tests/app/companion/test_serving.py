"""The server's garbage collector may come seldom, for requests leave no circles behind."""

import asyncio
import gc
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.app.companion.serving import YOUNG, look_for_circles_seldom
from homeostat.companion.access.grant import Scope

REQUESTS = 100


@pytest.fixture
def usual() -> Iterator[None]:
    """Leave the collector as it was."""
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[CompanionNode]:
    node = CompanionNode(CompanionOptions(tmp_path / "companion"))
    yield node
    node.close()


@pytest.mark.usefixtures("usual")
def test_what_is_loaded_is_left_alone_and_the_rest_is_looked_at_seldom() -> None:
    loaded = len(gc.get_objects())
    look_for_circles_seldom()
    assert gc.get_freeze_count() > loaded / 2
    assert len(gc.get_objects()) < loaded / 10
    assert gc.get_threshold()[0] == YOUNG


@pytest.mark.parametrize(
    ("text", "right"), [("good morning", True), ("I want to kill myself", True), ("good morning", False)]
)
def test_requests_leave_no_circles_behind(node: CompanionNode, text: str, right: bool) -> None:
    token, _ = node.access.issue(frozenset(Scope))
    app = create_companion_app(node)
    shown = token.text if right else "swordfish"

    async def asked(number: int) -> None:
        body = b'{"id":"m%d","text":"%b"}' % (number, text.encode())
        rest = [{"type": "http.request", "body": body, "more_body": False}]
        path = f"/people/ann-{number % 10}/messages"
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"authorization", b"Bearer " + shown.encode())],
        }

        async def receive() -> MutableMapping[str, Any]:
            return rest.pop()

        async def send(message: MutableMapping[str, Any]) -> None:
            pass

        await app(scope, receive, send)

    async def circles() -> int:
        for number in range(20):
            await asked(number)
        gc.collect()
        gc.disable()
        try:
            for number in range(REQUESTS):
                await asked(100 + number)
            return gc.collect()
        finally:
            gc.enable()

    assert asyncio.run(circles()) < REQUESTS / 10
