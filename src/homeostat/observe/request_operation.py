"""The operation that is a request of its own, whatever is around it."""

from contextvars import ContextVar
from types import TracebackType
from typing import Self

from homeostat.core.assignment import unit_number
from homeostat.core.plant import CONTROL, TREATMENT
from homeostat.core.span import Scalar
from homeostat.observe.operation import Operation, Site
from homeostat.observe.request import Arms, Request
from homeostat.observe.trace_context import TraceContext


class RequestOperation(Operation):
    """An operation with which a request begins, of a user where one is given.

    Where it begins within another request, that one counts no longer: it is a loop around requests. The
    user is kept as a hash, in this process only.
    """

    __slots__ = ("_unit",)

    def __init__(
        self,
        site: Site,
        attributes: dict[str, Scalar] | None = None,
        remote: TraceContext | None = None,
        user: str | bytes | int | None = None,
    ) -> None:
        super().__init__(site, attributes, remote)
        self._unit = None if user is None else unit_number(user)

    def __enter__(self) -> Self:
        entered = super().__enter__()
        if entered is self and self.outer is not None and self.site.requests.governed:
            if self.request.live:
                self.request.counted = False
            self._begin_request()
        return entered

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        again = self._entered_again() if self._entries else None
        if again is not None:
            return again.__exit__(kind, error, traceback)
        super().__exit__(kind, error, traceback)
        if self.request.live:
            self.site.requests.ended(self.request, self)
        return None

    def _begin_request(self) -> None:
        self.request = self.site.requests.enter(self.site.name, self._unit)

    def _copy(self) -> "RequestOperation":
        copy = RequestOperation(self.site, dict(self.attributes) if self.attributes else None, self.remote)
        copy._unit = self._unit
        return copy


class ArmOperation(Operation):
    """One run of an implementation in a shadowed trial: it has an outcome of its own, counted as `name`.

    The control is part of the request around it, to which its calls and what is reported belong as well.
    The treatment stands alone: nothing of it reaches the request.
    """

    __slots__ = ("_current", "_request")

    def __init__(self, site: Site, name: str, trial: str, arm: int, around: Request) -> None:
        super().__init__(site, {"shadow": True} if arm == TREATMENT else None)
        arms = Arms(around.values, {trial: arm})
        self._current: ContextVar[Operation | None] | None = site.current if arm == TREATMENT else None
        outer = around if arm == CONTROL and around.live else None
        self._request = Request(name, arms, around.unit, part=True, outer=outer)

    def __enter__(self) -> Self:
        if self._current is not None:
            self._current.set(None)
        entered = super().__enter__()
        self.request = self._request
        return entered

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)
        if self.request.live:
            self.site.requests.ended(self.request, self)


class AsideOperation(Operation):
    """Work beside the requests: the root of a trace, but no request, nor part of one.

    Knobs have the values there that are in force for all.
    """

    __slots__ = ()

    def _begin_request(self) -> None:
        """Begin none: no arm is drawn, and no outcome will be counted."""
