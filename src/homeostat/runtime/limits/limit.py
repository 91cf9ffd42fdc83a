"""The limit: how many calls may be in progress at once, and the plainest of them, a fixed one."""

from typing import Protocol

import msgspec

from homeostat.act.knobs.knob_handle import KnobHandle


class Ended(msgspec.Struct, frozen=True):
    """A call that ended: when, how long it took once it was begun, and whether it did what it should, or its
    caller gave up on it (a time-out or a cancellation) after it was begun.

    `in_flight` calls were in progress just before it ended. `binding` says that others were waiting: that the
    limit, and not the demand, decided how many there were.
    """

    now_ns: int
    took_ns: int
    ok: bool
    gave_up: bool
    in_flight: int
    binding: bool


class Limit(Protocol):
    """How many calls may be in progress. The gate that it belongs to calls it under its lock."""

    def now(self) -> int:
        """Return the limit in force, at least 1."""
        ...

    def ended(self, call: Ended) -> None:
        """Learn from a call."""
        ...


class FixedLimit:
    """A limit that is a knob's value."""

    def __init__(self, knob: KnobHandle[int]) -> None:
        self.now = knob.get

    def ended(self, call: Ended) -> None:
        """Learn nothing."""
