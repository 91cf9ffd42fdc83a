"""Claims about what is in progress: it is counted whether it ends or not, and through forks."""

import os
import random
import threading

import pytest

from homeostat.core.application import Application
from homeostat.core.clock import SECOND_NS
from homeostat.core.losses import Losses
from homeostat.observe.in_flight import InFlight
from homeostat.observe.registry import Registry
from homeostat.observe.tracer import Tracer
from homeostat.testing.clock import ManualClock


class Scene:
    """A tracer on a clock that is moved by hand; a flush tells the time in flight of each series."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.losses = Losses()
        self.registry = Registry(self.losses)
        self.tracer = Tracer(self.registry, self.losses, self.clock, Application("app"), rng=random.Random(1))

    def flush(self, seconds: float = 1.0) -> dict[str, float]:
        self.clock.advance(seconds)
        self.tracer.drain()
        points = self.registry.fold(0, SECOND_NS)
        return {
            p.series.metric + " " + p.series.get("operation"): p.moments.total / 1e3
            for p in points
            if p.series.metric.endswith("time_in_flight")
        }


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_what_has_not_ended_is_counted_at_each_flush_for_as_long_as_it_took(scene: Scene) -> None:
    with scene.tracer.operation("answer"):
        assert scene.flush(1.0) == {"operation.time_in_flight answer": 1.0}
        with scene.tracer.operation("answer"), scene.tracer.operation("rank"):
            assert scene.flush(2.0) == {
                "operation.time_in_flight answer": 4.0,
                "operation.time_in_flight rank": 2.0,
            }
    assert scene.flush() == {}


def test_calls_to_models_are_counted_by_model(scene: Scene) -> None:
    with scene.tracer.llm("small", "openai"):
        assert scene.flush() == {"llm.time_in_flight chat": 1.0}
    assert scene.flush() == {}


def test_failed_reentered_and_decorated_operations_end_too(scene: Scene) -> None:
    again = scene.tracer.operation("again")
    with again, again:
        assert scene.flush() == {"operation.time_in_flight again": 2.0}
    with pytest.raises(ZeroDivisionError), scene.tracer.operation("again"):
        _ = 1 / 0
    scene.tracer.operation("again")(lambda: None)()
    assert scene.flush() == {}


def test_threads_lose_no_begin_and_no_end(scene: Scene) -> None:
    def work() -> None:
        for _ in range(2_000):
            with scene.tracer.operation("answer"):
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(t.is_alive() for t in threads):
        scene.flush(0.0)
    for thread in threads:
        thread.join()
    assert scene.flush() == {}


def test_after_a_fork_the_parents_operations_are_not_the_childs() -> None:
    ended = 0
    flow = InFlight(lambda: ended)
    for _ in range(3):
        flow.begin()
    assert flow.now() == 3
    flow.forget()
    assert flow.now() == 0
    flow.begin()
    assert flow.now() == 1
    ended = 2  # its own, and one that began before the fork
    assert flow.now() == 0
    flow.begin()
    assert flow.now() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_an_operation_that_began_before_a_fork_ends_in_the_child_without_harm(scene: Scene) -> None:
    with scene.tracer.operation("answer"):
        scene.registry.forget_buffered()
        scene.tracer.forget_kept()
        assert scene.flush() == {}
    assert scene.flush() == {}
    with scene.tracer.operation("answer"):
        assert scene.flush() == {"operation.time_in_flight answer": 1.0}
