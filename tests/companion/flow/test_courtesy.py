"""What can wait makes room: a share of the time while people ask, all of it while nobody does."""

import threading

from homeostat.companion.courtesy import Courtesy
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock


def test_learning_takes_its_share_of_the_time_while_people_ask_and_all_of_it_otherwise() -> None:
    clock = ManualClock()
    host = BareHost(clock=clock)
    rests: list[float] = []
    courtesy = Courtesy(host, rests.append)
    for _ in range(2):
        with courtesy.step():
            clock.advance(0.05)
    assert rests == []
    courtesy.asked()
    with courtesy.step():
        clock.advance(0.05)
    assert [round(rest, 6) for rest in rests] == [0.2]
    host.knob_set.pin("companion_learning_share", 1.0)
    with courtesy.step():
        clock.advance(0.05)
    assert rests[1:] == [0.0]
    clock.advance(1.1)
    with courtesy.step():
        clock.advance(0.05)
    assert len(rests) == 2


def test_a_long_step_does_not_have_all_others_wait_for_minutes() -> None:
    clock = ManualClock()
    rests: list[float] = []
    courtesy = Courtesy(BareHost(clock=clock), rests.append)
    with courtesy.step():
        clock.advance(60.0)
        courtesy.asked()
    assert rests == [2.0]


def test_one_step_runs_at_a_time_and_the_next_after_one_that_failed() -> None:
    courtesy = Courtesy(BareHost(), lambda seconds: None)
    begun = threading.Event()

    def second() -> None:
        with courtesy.step():
            begun.set()

    with courtesy.step():
        thread = threading.Thread(target=second)
        thread.start()
        assert not begun.wait(0.05)
    assert begun.wait(60.0)
    thread.join()
    try:
        with courtesy.step():
            raise ValueError
    except ValueError:
        pass
    with courtesy.step():
        pass
