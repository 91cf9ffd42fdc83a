"""The refusals: errors that say that a call was not begun, so that nothing of it has to be undone.

HomeostatError
└── Refused              a call was not begun; `retry_after_s` says when trying again makes sense
    ├── CircuitOpen      what it would have called fails or is slow
    ├── Overloaded       more calls wait than can be answered in time
    ├── RateExceeded     calls came faster than agreed
    └── DeadlinePassed   its answer would have come too late
"""

from homeostat.core.errors import HomeostatError


class Refused(HomeostatError):
    """A call was not begun. `retry_after_s` is when to try again; infinite where that makes no sense."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class CircuitOpen(Refused):
    """What would have been called fails or is slow, and is left alone for a while."""


class Overloaded(Refused):
    """More calls wait than can be answered in time, and others go before this one."""


class RateExceeded(Refused):
    """Calls came faster than agreed."""


class DeadlinePassed(Refused, TimeoutError):
    """The caller no longer waits for the answer."""
