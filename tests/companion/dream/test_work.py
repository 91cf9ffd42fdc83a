"""Claims about the work of dreams: it never holds the event loop, and what was left behind is paid for."""

import asyncio
import threading
from collections.abc import Mapping
from contextlib import nullcontext
from time import thread_time

import pytest

from homeostat.companion.dream.knobs import DreamKnobs
from homeostat.companion.dream.meter import Meter
from homeostat.companion.dream.scene import Claim, Scene, Steering
from homeostat.companion.dream.screen import Refused, Screen
from homeostat.companion.dream.session import Session
from homeostat.companion.dream.wording import TOKENS_BURST_S, Wording
from homeostat.companion.dream.work import Stopped, Work, in_thread
from homeostat.companion.message import Message
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.dreamers import Dreamers
from homeostat.testing.eventually import eventually

COMPUTED_S = 0.1


class Asked(Screen):
    """A screen that lets everything pass, and knows in which thread it was asked."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def refused(self, scene: Scene) -> Refused | None:
        """Refuse nothing."""
        self.threads.append(threading.get_ident())
        return None


class Teller:
    """A model that tells of the trams, once it is let."""

    model = "made-up"

    def __init__(self) -> None:
        self.asked, self.let = threading.Event(), threading.Event()

    def write(self, messages: object, tokens_max: int) -> str:
        """Answer."""
        self.asked.set()
        assert self.let.wait(60.0)
        return "You hear the trams there. [1] You hear the trams there. [1]"


TRAMS: Mapping[int, Message] = {1: Message(seq=1, id="m1", at_us=0, text="I hear the trams there", author="")}
SCENE = Scene(number=0, claims=(Claim(text="“I hear the trams there”", sources=(1,)),))


def session(person: str = "ann") -> Session:
    """Return a dream that was asked for."""
    return Session("dream", person, "request", Steering(), 0, 0)


def test_who_stops_a_dream_pays_for_what_was_begun(people: SqlitePeople) -> None:
    dreamers = Dreamers(people, clock=ManualClock())
    dreamers.knobs.cpu_share.pin(0.01)
    dreamers.wish("ann")
    work = Work(dreamers.host, people, dreamers.knobs, in_thread, nullcontext, set())
    begun, stopped = threading.Event(), threading.Event()

    def computing(memory: Memory) -> None:
        begun.set()
        assert stopped.wait(60.0)
        until_s = thread_time() + COMPUTED_S
        while thread_time() < until_s:
            pass

    async def dreamed() -> None:
        one = session()
        doing = asyncio.create_task(work.held(one, computing))
        assert await asyncio.to_thread(begun.wait, 30)
        one.stop(0)
        with pytest.raises(Stopped):
            await doing
        assert work.cpu["request"].left
        stopped.set()
        await eventually(lambda: not work.cpu["request"].left)

    asyncio.run(dreamed())


def test_whose_memory_is_held_while_they_are_away_is_told(people: SqlitePeople) -> None:
    dreamers = Dreamers(people)
    dreamers.wish("ann")
    away: set[str] = set()
    work = Work(dreamers.host, people, dreamers.knobs, in_thread, nullcontext, away)
    one = session()
    one.how = "away"
    assert asyncio.run(work.held(one, lambda memory: frozenset(away))) == {"ann"}
    assert not away
    assert asyncio.run(work.held(session(), lambda memory: frozenset(away))) == set()


def test_what_a_model_tells_is_judged_beside_the_event_loop(dreamers: Dreamers) -> None:
    teller, screen = Teller(), Asked()
    teller.let.set()
    wording = Wording(dreamers.host, dreamers.knobs, Meter(dreamers.host), teller)

    async def worded() -> Scene:
        asking = wording.asking(SCENE, TRAMS, screen)
        assert asking is not None
        return await asking

    assert asyncio.run(worded()).told_by == "made-up"
    assert screen.threads
    assert threading.get_ident() not in screen.threads


def test_who_stops_a_dream_pays_for_what_a_model_was_asked() -> None:
    host = BareHost(ManualClock())
    knobs = DreamKnobs.declared(host)
    teller = Teller()
    wording = Wording(host, knobs, Meter(host), teller)
    knobs.tokens_a_minute.pin(100)

    async def stopped() -> int:
        asked = 0
        while (asking := wording.asking(SCENE, TRAMS, Asked())) is not None:
            doing = asyncio.ensure_future(asking)
            teller.asked.clear()
            assert await asyncio.to_thread(teller.asked.wait, 30)
            doing.cancel()
            await asyncio.wait([doing])
            asked += 1
        teller.let.set()
        return asked

    assert asyncio.run(stopped()) <= TOKENS_BURST_S
