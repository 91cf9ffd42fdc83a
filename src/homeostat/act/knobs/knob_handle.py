"""The handle of a knob: what the application reads its value from."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar, cast

from homeostat.core.knob import Knob, Value

V = TypeVar("V", bound=Value)


class Pinner(Protocol):
    """What holds knobs at values by hand."""

    def pin(self, name: str, value: Value) -> None:
        """Hold a knob at a value."""
        ...

    def unpin(self, name: str) -> None:
        """Let a knob be turned again."""
        ...


class Served(Protocol):
    """What is asked of the request that is served: the values of the request knobs, by their index."""

    @property
    def values(self) -> Sequence[Value]:
        """Changed in place as knobs are turned."""
        ...


class Current(Protocol):
    """Tells what request is served here, as a context variable does; where none is, what holds for others."""

    def get(self) -> Served:
        """Return what holds here."""
        ...


class KnobHandle(Generic[V]):
    """A knob as the application holds it: `get()` returns its value. Read it where it is used.

    `base` is the value in force. It is no way to read the knob: a request may have another one, and a trial
    of a knob that is read past its trials would compare like with like. `was_read` is set by each `get()`;
    whoever wants to know whether anybody reads the knob clears it first.
    """

    __slots__ = ("_pinner", "base", "knob", "was_read")

    def __init__(self, knob: Knob, pinner: Pinner) -> None:
        self.knob = knob
        self.base = cast(V, knob.default)
        self.was_read = False
        self._pinner = pinner

    def get(self) -> V:
        """Return the value that holds here."""
        self.was_read = True
        return self.base

    def pin(self, value: V) -> None:
        """Hold the knob at a value from now on, whatever the loop would like; trials of it end."""
        self._pinner.pin(self.knob.name, value)

    def unpin(self) -> None:
        """Let the loop turn the knob again, from the value that it would have by now."""
        self._pinner.unpin(self.knob.name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.knob.name} = {self.base!r}>"


class RequestKnob(KnobHandle[V]):
    """The handle of a knob of which each request may have a value of its own."""

    __slots__ = ("_current", "_index")

    def __init__(self, knob: Knob, pinner: Pinner, current: Current, index: int) -> None:
        super().__init__(knob, pinner)
        self._current = current
        self._index = index

    def get(self) -> V:
        """Return the value for the request that is served here; outside of any, the one in force."""
        self.was_read = True
        return self._current.get().values[self._index]  # type: ignore[return-value]
