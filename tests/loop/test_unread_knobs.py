"""A knob that nobody reads is noticed: turning it would silently do nothing."""

import random
from collections.abc import Iterator

import pytest

from homeostat import Homeostat
from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.core.objective import Measure, Objective, Term
from homeostat.core.order import Mode, Try
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.governor import Governor
from homeostat.loop.governing.published import published
from homeostat.loop.policy.policy import Policy
from homeostat.loop.rules.acts import Act, Begin, Resign
from homeostat.testing.clock import ManualClock


class Application:
    """Serves requests that read some of its knobs, under a governor that only follows orders."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.hs = Homeostat("svc", keep=False, collect=False, clock=self.clock)
        policy = Policy(Objective((Term(Measure("duration")),)), mode=Mode.ADVISE)
        self.depth = self.hs.knob("depth", 3, low=1, high=9, scope="request")
        self.workers = self.hs.knob("workers", 3, low=1, high=9)
        self.governor = Governor(self.hs.knobs.plant, policy, Book(), self.clock.now_ns())
        self.random = random.Random(1)

    def serve(self, *reads: KnobHandle[int], ticks: int = 10) -> list[Act]:
        acts: list[Act] = []
        for _ in range(ticks):
            for _ in range(100):
                with self.hs.operation("answer"):
                    for knob in reads:
                        knob.get()
                    self.clock.advance(self.random.uniform(0.01, 0.02))
            acts += self.governor.tick(self.clock.now_ns())
        return acts

    def try_out(self, knob: KnobHandle[int]) -> None:
        self.governor.order(Try(by="ann", values={knob.knob.name: 7}))


@pytest.fixture
def application() -> Iterator[Application]:
    made = Application()
    yield made
    made.hs.close()


@pytest.mark.parametrize("name", ["depth", "workers"])
def test_the_trial_of_a_knob_that_nobody_reads_ends_with_the_remedy(
    application: Application, name: str
) -> None:
    knob, other = application.depth, application.workers
    if name == "workers":
        knob, other = other, knob
    application.serve(knob, other)
    application.try_out(knob)
    acts = application.serve(other, ticks=30)
    (ended,) = [act for act in acts if isinstance(act, Resign)]
    assert f"nobody reads knob {name}: its handle.get() was not called in" in ended.reason
    seen = application.governor.seen
    assert seen.unread == {name}
    assert name not in seen.situation.knobs
    told = published("svc", 1, dict(application.hs.knobs.plant.knobs), seen)
    assert [k.name for k in told.knobs if k.unread] == [name]


def test_it_may_be_turned_again_once_somebody_reads_it(application: Application) -> None:
    application.try_out(application.depth)
    application.serve(ticks=20)
    assert application.governor.seen.unread == {"depth"}
    application.serve(application.depth, ticks=2)
    assert application.governor.seen.unread == frozenset()
    assert "depth" in application.governor.seen.situation.knobs


def test_the_trial_of_a_knob_that_is_read_goes_on(application: Application) -> None:
    application.try_out(application.depth)
    acts = application.serve(application.depth, ticks=12)
    assert [type(act) for act in acts if isinstance(act, Begin | Resign)] == [Begin]


def test_a_knob_that_lives_elsewhere_need_not_be_read_here(application: Application) -> None:
    pool: list[int] = []
    threads = application.hs.knob("threads", 4, low=1, high=32, apply=pool.append)
    application.serve(ticks=1)
    application.try_out(threads)
    application.governor.order(Try(by="ann", values={"threads": 8}))
    application.serve(ticks=20)
    assert application.governor.seen.unread == frozenset()
