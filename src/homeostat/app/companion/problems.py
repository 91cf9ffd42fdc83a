"""Problems: errors of the companion as answers, with a remedy, and never with what somebody said."""

from math import ceil, isfinite

from starlette.exceptions import HTTPException
from starlette.responses import Response

from homeostat.app.web.budget import OverBudget
from homeostat.app.web.errors import problem
from homeostat.companion.dream.dreams import NoDream, Underway
from homeostat.companion.unspoken import Failed
from homeostat.core.errors import (
    ConfigError,
    EmbedderError,
    HomeostatError,
    InputError,
    NotAvailable,
    QueueFull,
    StoreError,
    StoreFull,
    TooLarge,
    UnknownPerson,
)
from homeostat.runtime.limits.refused import DeadlinePassed, Refused

LATER = "try again in a moment; if it stays, see the log of the server"


class Off(HomeostatError):
    """A feature that this person does not have, or has turned off."""


ANSWERS: tuple[tuple[type[HomeostatError], int, str], ...] = (
    (TooLarge, 413, "send less at once"),
    (InputError, 422, "correct the request and send it again"),
    (ConfigError, 422, "correct the request and send it again"),
    (Off, 409, "whoever turned it off turns it on again: the person, or the flag"),
    (Underway, 409, "GET /people/{person}/dreams/now watches it, DELETE stops it"),
    (NoDream, 404, "POST /people/{person}/dreams begins one"),
    (UnknownPerson, 404, "a memory begins with the first message"),
    (StoreFull, 507, "make room on the disk of the server"),
    (StoreError, 503, LATER),
    (EmbedderError, 503, LATER),
    (QueueFull, 503, LATER),
    (OverBudget, 503, LATER),
    (NotAvailable, 501, "install or set what the message names"),
    (DeadlinePassed, 504, LATER),
    (Failed, 500, "report the place that the message names"),
    (HomeostatError, 500, LATER),
)
"""The first that fits, in this order."""


class Refusal(HTTPException):
    """A request that is not taken: its status, what is wrong and what to do."""

    def __init__(self, status: int, error: str, remedy: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, error, headers)
        self.remedy = remedy


def answer_to(error: HomeostatError) -> Response:
    """Return an error as an answer."""
    if isinstance(error, Refused) and not isinstance(error, DeadlinePassed):
        after_s = ceil(error.retry_after_s) if isfinite(error.retry_after_s) else 60
        return problem(429, str(error), "send more slowly", {"retry-after": str(max(1, after_s))})
    status, remedy = next((status, remedy) for kind, status, remedy in ANSWERS if isinstance(error, kind))
    return problem(status, str(error), remedy, {"retry-after": "2"} if status == 503 else None)
