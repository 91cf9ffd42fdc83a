"""Problems: errors of the companion as answers, with a remedy, and never with what somebody said."""

import logging
from math import ceil, isfinite
from typing import NamedTuple

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
from homeostat.core.log import event
from homeostat.runtime.limits.refused import DeadlinePassed, Refused

LATER = "try again in a moment; if it stays, see the log of the server"


class Off(HomeostatError):
    """A feature that this person does not have, or has turned off."""


ANSWERS: tuple[tuple[type[HomeostatError], int, str], ...] = (
    (DeadlinePassed, 504, LATER),
    (Refused, 429, "send more slowly"),
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
    (Failed, 500, "report the place that the message names"),
    (HomeostatError, 500, LATER),
)
"""The first that fits, in this order."""

INSIDE: tuple[tuple[type[HomeostatError], str], ...] = (
    (StoreFull, "the server cannot write what is to be kept"),
    (StoreError, "what is kept cannot be read or written now"),
    (EmbedderError, "what texts mean cannot be compared now"),
)
"""What is said of errors that name files and addresses of the server: these are for its log alone."""


class Refusal(HTTPException):
    """A request that is not taken: its status, what is wrong and what to do."""

    def __init__(self, status: int, error: str, remedy: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, error, headers)
        self.remedy = remedy


class Told(NamedTuple):
    """An error as it is told to who asked."""

    status: int
    error: str
    remedy: str


def told_of(error: HomeostatError) -> Told:
    """Return what is told of an error; what is for the log of the server goes there."""
    status, remedy = next((status, remedy) for kind, status, remedy in ANSWERS if isinstance(error, kind))
    for kind, words in INSIDE:
        if isinstance(error, kind):
            event("companion.failed", logging.ERROR, kind=type(error).__name__, reason=str(error))
            return Told(status, words, remedy)
    return Told(status, str(error), remedy)


def answer_to(error: HomeostatError) -> Response:
    """Return an error as an answer."""
    told = told_of(error)
    headers = None
    if told.status == 503:
        headers = {"retry-after": "2"}
    elif isinstance(error, Refused) and told.status == 429:
        after_s = ceil(error.retry_after_s) if isfinite(error.retry_after_s) else 60
        headers = {"retry-after": str(max(1, after_s))}
    return problem(*told, headers)
