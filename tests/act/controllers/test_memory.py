"""What is remembered of trials, and what of it still counts."""

from homeostat.act.controllers.memory import remembered
from homeostat.core.change import Change, Move
from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.core.knob import Integers, Knob
from homeostat.testing.situations import after_trial, later, situation

WORKERS = Knob("workers", 8, Integers(1, 64))
CHANGE = Change((Move("workers", 8, 4),), "test", "to see")


def worse(at_ns: int) -> Finding:
    """Return the finding that something turned worse at a time."""
    return Finding(FindingKind.CHANGE, "p95", at_ns, "now", Course.WORSE, 1.0, "twice", "p95 doubled")


def test_what_looked_like_harm_is_remembered_as_long_as_the_world_is_the_same() -> None:
    before = after_trial(situation([WORKERS]), CHANGE, kept=False, gain=0.8)
    assert [tried.broke for tried in remembered(later(before, 600.0))] == [True]
    changed = situation(
        [WORKERS], now_ns=before.now_ns + 10**12, history=before.history, findings=(worse(before.now_ns + 1),)
    )
    (tried,) = remembered(changed)
    assert tried.outdated
    assert not tried.broke
