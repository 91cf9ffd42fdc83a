"""The lease: of several processes, one at a time does a thing."""

from typing import Protocol, runtime_checkable


class Lease(Protocol):
    """The right to do something, which one holds at a time and loses when it dies."""

    def held(self) -> bool:
        """Try to hold it, and tell whether this process does now. Call it as often as you like."""
        ...

    def release(self) -> None:
        """Let another one have it."""
        ...


@runtime_checkable
class Leases(Protocol):
    """Where leases are had: all that ask the same place for the same name share one."""

    def lease(self, name: str) -> Lease:
        """Return the lease of this name, which is not held yet."""
        ...
