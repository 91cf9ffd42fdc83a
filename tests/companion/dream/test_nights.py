"""Claims about the nights: who is away dreams only where they may, wish it so, and there is room."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from homeostat.companion.dream.nights import Nights
from homeostat.companion.dream.wishes import Wishes, keep_wishes
from homeostat.runtime.jobs.jobs import Jobs
from homeostat.testing.dreamers import LIFE, Dreamers
from homeostat.testing.eventually import eventually


@pytest.fixture
def ann(dreamers: Dreamers) -> Dreamers:
    """Dreamers of whom ann has said something, and wants dreams."""
    dreamers.say("ann", LIFE)
    dreamers.wish("ann")
    return dreamers


async def night(
    dreamers: Dreamers, folder: Path, then: Callable[[], bool], may: Callable[[str], bool] = lambda _: True
) -> tuple[int, Nights]:
    """Let ann be away, and jobs run until something holds; return how many dreams were enqueued."""
    jobs = Jobs(dreamers.host, folder / "jobs.db")
    nights = Nights(dreamers.host, dreamers.people, dreamers.dreams, jobs, may)
    nights.quiet("ann", 0)
    enqueued = await nights.enqueue()
    worker = await jobs.worker(1)
    working = asyncio.create_task(worker.run())
    try:
        await eventually(then)
    finally:
        worker.stop()
        await working
        await jobs.close()
    return enqueued, nights


def test_who_is_away_dreams(ann: Dreamers, tmp_path: Path) -> None:
    enqueued, nights = asyncio.run(night(ann, tmp_path, lambda: bool(ann.diary("ann"))))
    assert enqueued == 1
    assert nights.waiting == 0
    assert ann.diary("ann")[0].how == "away"


def test_who_wants_dreams_on_request_alone_has_none_while_they_are_away(
    ann: Dreamers, tmp_path: Path
) -> None:
    with ann.people.open("ann") as memory:
        keep_wishes(memory.notes, Wishes(consent=True, away=False))

    def refused() -> bool:
        return ann.host.total("companion.dream.ended", how="refused") == 1

    asyncio.run(night(ann, tmp_path, refused))
    assert ann.diary("ann") == ()
    assert ann.dream("ann").scenes


def test_who_may_have_no_dreams_any_more_has_none(ann: Dreamers, tmp_path: Path) -> None:
    enqueued, _ = asyncio.run(night(ann, tmp_path, lambda: True, lambda person: False))
    assert enqueued == 0


def test_who_finds_no_room_waits_for_it(ann: Dreamers, tmp_path: Path) -> None:
    ann.knobs.at_once.pin(1)

    def others_come(person: str) -> bool:
        ann.dreams.begin("bob")
        return True

    put_off = "companion.dream_put_off"
    enqueued, nights = asyncio.run(
        night(ann, tmp_path, lambda: put_off in ann.host.losses.totals(), others_come)
    )
    assert enqueued == 1
    assert nights.waiting == 1
