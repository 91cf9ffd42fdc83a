"""The policy: decides which entries go when there is no more room."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from homeostat.runtime.cache.entry import Entry


class Policy(Iterable[Entry], Protocol):
    """An order among entries of a bounded total weight; iterating tells it, first to go first."""

    def touch(self, entries: Sequence[Entry]) -> None:
        """Note hits, oldest first. Some of the entries may be gone by now."""
        ...

    def add(self, entry: Entry) -> Sequence[Entry]:
        """Take an entry in whose key is not there; return those that go for it, it may be among them."""
        ...

    def remove(self, entry: Entry) -> None:
        """Forget an entry that is there."""
        ...
