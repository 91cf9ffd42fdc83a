"""The outcome: what a call that was begun says of what it called."""

from collections.abc import Callable
from enum import StrEnum

from homeostat.runtime.limits.refused import Refused


class Outcome(StrEnum):
    """What became of a call that was begun."""

    OK = "ok"
    SLOW = "slow"
    FAILED = "failed"
    ABANDONED = "abandoned"
    """Its caller went away: nothing is known of it."""


def is_failure(error: Exception) -> bool:
    """Tell whether an error speaks against what was called: all do but refusals, since nothing was called."""
    return not isinstance(error, Refused)


def outcome_of(
    error: BaseException | None, took_ns: int, slow_ns: float, fails: Callable[[Exception], bool]
) -> Outcome:
    """Return what became of a call by its error and by how long it took.

    An error that `fails` is false of says that it was answered. A call that was given up before it was slow
    says nothing.
    """
    if isinstance(error, Exception) and fails(error):
        return Outcome.FAILED
    if took_ns >= slow_ns:
        return Outcome.SLOW
    if isinstance(error, Refused) or not isinstance(error, Exception | None):
        return Outcome.ABANDONED
    return Outcome.OK
