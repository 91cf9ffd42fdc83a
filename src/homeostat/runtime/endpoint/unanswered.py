"""What an endpoint did not answer, and why."""

from enum import StrEnum

from homeostat.core.errors import NotAvailable
from homeostat.runtime.limits.refused import Refused


class Why(StrEnum):
    """Why there is no usable answer."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    """It answers with an error, or declines to say anything."""
    RUBBISH = "rubbish"
    """It answers something else than was asked for."""
    TOO_LONG = "too_long"
    """The text is longer than is sent."""
    RATE = "rate"
    OPEN = "open"
    """It failed before, and is left alone for a while."""


class Unanswered(NotAvailable):
    """An endpoint gave no usable answer; the message holds nothing of what was sent or answered.

    `again` is whether the same question may be answered when it is asked again.
    """

    def __init__(self, message: str, why: Why, again: bool = False) -> None:
        super().__init__(message)
        self.why = why
        self.again = again


class AskedToWait(Refused, Unanswered):
    """The same, and the server says when to ask again."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        Unanswered.__init__(self, message, Why.REFUSED, True)
        self.retry_after_s = retry_after_s
