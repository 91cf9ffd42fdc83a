"""Who looks at findings gets what is known at once; looking again goes on behind."""

import threading
from collections.abc import Sequence

import numpy as np

from homeostat.app.findings.searches import Searched, Searches
from homeostat.app.web.ranges import window_of
from homeostat.core.errors import NotAvailable
from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.core.losses import Losses
from homeostat.judge.findings.subject import Subject
from homeostat.judge.views.window import Window
from homeostat.testing.clock import ManualClock
from homeostat.testing.made_subject import made_subject

JUMP = Finding(FindingKind.CHANGE, "latency", 1, "now", Course.WORSE, 0.5, "+50%", "latency rose")


def one_line(_: Window) -> list[Subject]:
    return [made_subject("latency", np.ones(3))]


class Gate:
    """A search that waits until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.searches = 0
        self.failing = False

    def search(self, subjects: Sequence[Subject]) -> tuple[Finding, ...]:
        self.searches += 1
        assert self.go.wait(60.0)
        if self.failing:
            raise NotAvailable("the worker is gone")
        return (JUMP,)


def test_the_first_look_does_not_wait_and_says_that_it_searches() -> None:
    gate, clock = Gate(), ManualClock()
    searches = Searches(one_line, gate.search, clock, Losses())
    window = window_of("15m", 0, clock.now_ns())
    assert searches.known(window) == Searched(searching=True)
    assert searches.known(window).searching
    gate.go.set()
    found = searches.newest(window, 10)
    assert (found.findings, found.searching, found.searched_ns) == ((JUMP,), False, window.now_ns)
    assert gate.searches == 1
    searches.close()


def test_what_was_found_stays_while_it_is_looked_for_again() -> None:
    gate, clock = Gate(), ManualClock()
    searches = Searches(one_line, gate.search, clock, Losses())
    window = window_of("15m", 0, clock.now_ns())
    gate.go.set()
    searches.newest(window, 10)
    clock.advance(29)
    assert not searches.known(window).searching
    gate.go.clear()
    clock.advance(2)
    again = searches.known(window)
    assert again.searching
    assert again.findings == (JUMP,)
    gate.go.set()
    assert not searches.newest(window, 10).searching
    assert gate.searches == 2
    searches.close()


def test_a_search_that_fails_is_told_counted_and_not_tried_again_at_once() -> None:
    gate, clock, losses = Gate(), ManualClock(), Losses()
    searches = Searches(one_line, gate.search, clock, losses)
    window = window_of("15m", 0, clock.now_ns())
    gate.go.set()
    searches.newest(window, 10)
    gate.failing = True
    clock.advance(31)
    failed = searches.newest(window, 10)
    assert failed.failure == "the worker is gone"
    assert failed.findings == (JUMP,)
    assert losses.totals() == {"findings.not_searched": 1}
    assert not searches.known(window).searching
    searches.close()


def test_a_bug_in_the_search_is_told_and_counted() -> None:
    def search(_: Sequence[Subject]) -> tuple[Finding, ...]:
        raise ZeroDivisionError

    clock, losses = ManualClock(), Losses()
    searches = Searches(one_line, search, clock, losses)
    found = searches.newest(window_of("15m", 0, clock.now_ns()), 10)
    assert "see the log" in found.failure
    assert losses.totals() == {"internal_error.findings": 1}
    searches.close()


def test_who_waits_is_let_go_when_it_closes() -> None:
    gate, clock = Gate(), ManualClock()
    searches = Searches(one_line, gate.search, clock, Losses())
    window = window_of("15m", 0, clock.now_ns())
    searches.known(window)
    closer = threading.Timer(0.05, searches.close)
    closer.start()
    assert searches.newest(window, 30).searching
    gate.go.set()
    closer.join()


def test_where_there_is_nothing_to_search_nothing_is_started() -> None:
    gate, clock = Gate(), ManualClock()
    searches = Searches(lambda _: [], gate.search, clock, Losses())
    found = searches.newest(window_of("15m", 0, clock.now_ns()), 10)
    assert (found.findings, found.searching, gate.searches) == ((), False, 0)
    searches.close()
