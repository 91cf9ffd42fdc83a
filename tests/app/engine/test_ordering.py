"""Claims about what the engine orders: it reaches the loop, and the answer is what the ledger says of it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from homeostat.app.engine.engine import Engine
from homeostat.app.engine.operations import called
from homeostat.app.loops.loop_desk import LoopDesk
from homeostat.core.clock import SystemClock
from homeostat.core.errors import ConfigError, InputError, NotAvailable
from homeostat.core.losses import Losses
from homeostat.core.order import Pin, Relieve, Try
from homeostat.observe.catalogue import load_catalogue
from homeostat.prove.ledger.entry import EntryKind
from homeostat.store.open import open_store
from homeostat.testing.eventually import until

Governed = tuple[Engine, Any]


def test_the_optimization_tells_each_step_up_to_its_proof(governed: Governed) -> None:
    engine, loop = governed
    done = engine.optimize_system()
    assert [step.name for step in done.steps] == [
        "bottlenecks",
        "strategies",
        "implementation",
        "validation",
        "improvement",
    ]
    assert done.kept
    assert done.improvement == (-0.25, -0.31, -0.19)
    assert "p95 of duration: -25.0% [-31.0%, -19.0%]" in done.steps[-1].words
    assert loop.orders == [Try(by="ann", values={"batch": 40})]


def test_constraints_leave_out_what_lies_beyond_them(governed: Governed) -> None:
    engine, loop = governed
    done = engine.optimize_system(constraints={"batch": (1, 32)})
    assert loop.orders == [Try(by="ann", values={"batch": 20})]
    assert "batch 16 → 40 (climb): left out by the constraints" in done.steps[1].words
    with pytest.raises(InputError, match="there is no recommendation to follow"):
        engine.optimize_system(constraints={"batch": (1, 8)})
    with pytest.raises(InputError, match="lie outside of the constraints"):
        engine.optimize_system(constraints={"batch": (1, 8)}, values={"batch": 9})
    with pytest.raises(InputError, match="there is no knob 'bach'; there are: batch, cache_mb, model"):
        engine.optimize_system(constraints={"bach": (1, 8)})


def test_what_is_not_proven_changes_nothing_and_says_so(governed: Governed) -> None:
    engine, loop = governed
    loop.keeps = False
    done = engine.optimize_system(values={"batch": 12})
    assert (done.kept, done.improvement) == (False, None)
    assert done.steps[-1].words == "nothing was changed"


def test_a_trial_that_somebody_else_ends_meanwhile_is_not_taken_for_ones_own(governed: Governed) -> None:
    engine, loop = governed
    LoopDesk(loop.node.store, loop.node.clock, loop.node.losses).order(
        "assistant", Try(by="bob", values={"cache_mb": 50.0})
    )
    loop.step(0.0)
    loop.keeps = False
    done = engine.optimize_system(values={"batch": 12})
    assert not done.kept
    ended = [e.note for e in loop.book.ledger.entries if e.note.kind is EntryKind.ROLLED_BACK]
    assert [note.by for note in ended] == ["bob", "ann"]
    assert "batch" in done.steps[3].words


def test_a_refusal_and_a_silence_are_told(governed: Governed) -> None:
    engine, loop = governed
    refused = engine.optimize_system(values={"batch": 1})
    assert refused.steps[-1].words == "the loop refused: a trial of one of these knobs is running"
    loop.answers = False
    silent = engine.optimize_system(values={"batch": 12}, timeout_s=1.0)
    assert silent.steps[-1].words == "the loop has not answered; the order stays valid for an hour"


def test_recommendations_are_listed_and_the_first_is_applied(governed: Governed) -> None:
    engine, loop = governed
    assert [a.what for a in engine.get_optimization_recommendations("assistant").changes] == [
        "batch 16 → 40",
        "batch 16 → 20",
    ]
    (entry,) = engine.apply_recommendations()
    assert entry.note.kind is EntryKind.BEGUN
    engine.apply_recommendations(values={"model": "large"})
    assert [order.values for order in loop.orders] == [{"batch": 40}, {"model": "large"}]


@pytest.mark.parametrize(
    ("operation", "resource"),
    [("optimize_memory_usage", "memory"), ("balance_cpu_load", "cpu"), ("optimize_io_operations", "io")],
)
def test_relief_is_ordered_of_the_resource_that_is_meant(
    governed: Governed, operation: str, resource: str
) -> None:
    engine, loop = governed
    (entry,) = called(engine, operation, {"service": "assistant"})  # type: ignore[misc]
    assert loop.orders == [Relieve(by="ann", resource=resource)]
    assert entry.note.kind is EntryKind.RELIEVED


def test_a_constraint_lowers_knobs_until_they_fit_and_pins_them(governed: Governed) -> None:
    engine, loop = governed
    uses = {"batch": 10.0, "cache_mb": 1.0}
    entries = called(engine, "adapt_to_constraints", {"at_most": 200, "uses": uses})
    pins = {order.knob: order.value for order in loop.orders if isinstance(order, Pin)}
    assert len(entries) == len(pins) == 2  # type: ignore[arg-type]
    assert 190.0 < 10.0 * pins["batch"] + pins["cache_mb"] <= 200.0
    assert engine.adapt_to_constraints(1_000.0, uses) == ()
    with pytest.raises(InputError, match="even at their lowest values these knobs use 20 of memory"):
        engine.adapt_to_constraints(5.0, uses, resource="memory")
    with pytest.raises(InputError, match="'model' is no knob that is a number; there are: batch, cache_mb"):
        engine.adapt_to_constraints(5.0, {"model": 1.0})
    with pytest.raises(ConfigError, match="a number from 0 on"):
        engine.adapt_to_constraints(-1.0, uses)


def test_a_loop_that_fell_silent_is_given_no_orders(governed: Governed) -> None:
    engine, loop = governed
    loop.node.clock.advance(60)
    with pytest.raises(NotAvailable, match="does not run now"):
        engine.apply_recommendations()
    with pytest.raises(NotAvailable, match="there is no loop of 'other'; there are: assistant"):
        engine.optimize_memory_usage("other")


POLICY = """
mode = "advise"
[objective]
improve = "mean(duration)"
[trials]
deadline = "1 min"
[limits]
rest = "1 s"
"""

APPLICATION = """
import sys, time
from homeostat import Homeostat

with Homeostat("app", store=sys.argv[1], collect=False, flush_interval_s=0.2) as hs:
    pause = hs.knob("pause_ms", 8, low=0, high=8, scope="request")
    hs.relief("memory", lambda: None, "the cache")
    hs.govern(sys.argv[2])
    end = time.monotonic() + 300.0
    while time.monotonic() < end:
        with hs.request("answer"):
            time.sleep(pause.get() / 1000)
"""


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Path]:
    """An application in a process of its own, governed; yields its store's path."""
    (tmp_path / "app.py").write_text(APPLICATION)
    (tmp_path / "policy.toml").write_text(POLICY)
    store = tmp_path / "s.db"
    process = subprocess.Popen([sys.executable, tmp_path / "app.py", store, tmp_path / "policy.toml"])
    yield store
    process.kill()
    process.wait()


@pytest.mark.long
def test_orders_reach_an_application_that_runs_and_a_better_value_is_proven(application: Path) -> None:
    with open_store(application) as store:
        engine = Engine(store, SystemClock(), load_catalogue(), Losses(), by="ann")
        until(lambda: bool(engine.get_dashboard_data("15m")["loops"]))
        (relieved,) = engine.optimize_memory_usage()
        assert relieved.note.kind is EntryKind.RELIEVED
        assert "the cache" in relieved.note.reason
        done = engine.optimize_system(values={"pause_ms": 1}, timeout_s=240.0)
        assert done.kept, done.steps
        assert done.improvement is not None
        assert done.improvement[2] < 0.0
        (pinned,) = engine.adapt_to_constraints(0.0, {"pause_ms": 1.0})
        assert [tuple(move) for move in pinned.note.moves] == [("pause_ms", 1, 0)]
        engine.close()
