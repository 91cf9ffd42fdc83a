"""Claims about the background: a part that fails begins again; each ends, whatever becomes of the others."""

import asyncio
from typing import cast

import pytest
from starlette.testclient import TestClient

from homeostat.app.companion import background
from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.background import Background
from homeostat.app.companion.canary_front import CanaryFront
from homeostat.app.companion.node import CompanionNode
from homeostat.companion.dream.diary import dreams_of
from homeostat.companion.dream.scene import Scene
from homeostat.companion.dream.wishes import Wishes
from homeostat.companion.message import NewMessage
from homeostat.testing.dreamers import LIFE
from homeostat.testing.eventually import eventually


def test_a_part_that_fails_is_counted_and_begins_again(
    node: CompanionNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "AGAIN_S", 0.0)
    begun = 0

    async def failing() -> None:
        nonlocal begun
        begun += 1
        raise ValueError("a word of a person")

    async def ran() -> None:
        monkeypatch.setattr(node.nights, "serve", failing)
        running = Background(node, cast("CanaryFront", None))
        await eventually(lambda: begun >= 3)
        await running.end()
        await node.jobs.close()
        await node.news.bus.close()

    asyncio.run(ran())
    assert node.homeostat.losses.totals()["internal_error.companion.nights"] >= 3


def test_a_part_that_fails_when_it_is_ended_keeps_no_other_from_ending(
    node: CompanionNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("stubborn")
            raise ValueError("not now")

    monkeypatch.setattr(node.rounds, "serve", stubborn)
    with TestClient(create_companion_app(node)) as client:
        assert client.get("/healthz").status_code == 200
    assert ended == ["stubborn"]
    assert node.homeostat.losses.totals()["internal_error.companion.rounds"] == 1


def test_a_dream_that_is_told_when_the_server_ends_stands_in_the_diary(node: CompanionNode) -> None:
    now_us = node.clock.now_ns() // 1_000
    said = [NewMessage(id=f"m{n}", text=text, at_us=now_us + n) for n, text in enumerate(LIFE)]
    node.companion.receive_many("ann", said)
    with node.people.open("ann") as memory:
        node.dream_stages.wish(memory, Wishes(consent=True))

    async def begun() -> None:
        session = node.dreams.begin("ann", pace_s=60.0)
        node.dreams.run_beside(session)
        async for event in session.watch():
            if isinstance(event, Scene):
                return

    with TestClient(create_companion_app(node)) as client:
        assert client.portal is not None
        client.portal.call(begun)
    with node.people.open("ann") as memory:
        (dream,) = dreams_of(memory)
    assert len(dream.scenes) == 1
    assert not dream.whole
