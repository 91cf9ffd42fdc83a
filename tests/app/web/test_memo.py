"""The memo gives what it knows at once, and works it out anew behind."""

import threading

from homeostat.app.web.memo import Memo
from homeostat.core.clock import SECOND_NS
from homeostat.testing.clock import ManualClock


def test_who_asks_for_the_latest_never_waits_and_gets_the_new_answer_once_it_is_there() -> None:
    clock = ManualClock()
    memo = Memo(clock)
    go, done = threading.Event(), threading.Event()
    begun: list[str] = []

    def prepared(answer: str) -> str:
        def prepare():  # type: ignore[no-untyped-def]
            begun.append(answer)

            def work() -> str:
                go.wait(10)
                return answer

            return work

        return memo.latest("key", SECOND_NS, prepare, "nothing yet")

    assert prepared("first") == "nothing yet"
    assert prepared("beside it") == "nothing yet"
    assert begun == ["first"]
    go.set()
    for _ in range(1_000):
        if prepared("not due") == "first":
            done.set()
            break
        threading.Event().wait(0.01)
    assert done.is_set()
    assert begun == ["first"]
    clock.advance(2)
    assert prepared("second") == "first"
    assert begun == ["first", "second"]
