"""The request: the whole of one piece of work, the values of knobs it runs under, and what it came to."""

from collections.abc import Mapping
from typing import Protocol

from homeostat.core.knob import Value
from homeostat.core.span import LlmCall

CALLS_MAX = 10_000
"""Calls to models of one request whose cost and tokens are summed; the cost of one with more is not known."""


class Arms:
    """What all requests with the same arms share.

    `values` are those of the request knobs, by their index; the list is changed in place, so that a change
    takes hold at once. `by_trial` holds the arm in each trial, `treated` those in which it is the treatment.
    `shadows` says, by the name of a switch, in which trial which implementation runs beside the one in use.
    """

    __slots__ = ("__weakref__", "by_trial", "shadows", "treated", "values")

    def __init__(
        self,
        values: list[Value],
        by_trial: Mapping[str, int],
        treated: frozenset[str] = frozenset(),
        shadows: Mapping[str, tuple[str, Value]] | None = None,
    ) -> None:
        self.values = values
        self.by_trial = by_trial
        self.treated = treated
        self.shadows = shadows or {}


class Work(Protocol):
    """What is asked of an operation that is, or is part of, a request."""

    request: "Request"
    start_ns: int
    duration_ns: int
    error: str


class Request:
    """One request. `live` holds from its begin to its end, and never where nobody asks for outcomes.

    `name` is the operation under which its outcome is counted, `unit` the number of its user, if known.
    `counted` is False where requests of their own began within it: then its outcome is that of several arms.
    A `part` is one run of an implementation, not a whole request. `calls` are those to models, with their
    start, None where they are too many; `reported` is what the application said of it.
    """

    __slots__ = (
        "arms",
        "calls",
        "counted",
        "id",
        "live",
        "name",
        "outer",
        "part",
        "reported",
        "unit",
        "values",
    )

    def __init__(
        self,
        name: str,
        arms: Arms,
        unit: int | None = None,
        *,
        live: bool = True,
        part: bool = False,
        outer: "Request | None" = None,
    ) -> None:
        self.name = name
        self.arms = arms
        self.values = arms.values
        self.unit = unit
        self.live = live
        self.part = part
        self.outer = outer
        self.counted = True
        self.id = ""
        self.calls: list[tuple[LlmCall, int, bool]] | None = []
        self.reported: dict[str, float] | None = None

    def called(self, call: LlmCall, start_ns: int, failed: bool) -> None:
        """Note a call to a model, in this request and in the one around it."""
        request: Request | None = self
        while request is not None:
            calls = request.calls
            if calls is not None:
                calls.append((call, start_ns, failed))
                if len(calls) > CALLS_MAX:
                    request.calls = None
            request = request.outer

    def report(self, values: Mapping[str, float]) -> None:
        """Note what the application says, in this request and in the one around it."""
        request: Request | None = self
        while request is not None:
            request.reported = {**(request.reported or {}), **values}
            request = request.outer
