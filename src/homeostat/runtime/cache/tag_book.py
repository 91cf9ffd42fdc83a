"""The book of tags: the stamps by which all processes see that a tag was invalidated.

A tag has a random stamp in the shared tiers. A value carries the stamps that its tags had before it was
loaded; to invalidate a tag is to give it another stamp. A stamp that was lost is made anew, which costs loads
and never serves what is outdated.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import uuid4

from homeostat.core.clock import SECOND_NS

TAGS_MAX = 20_000
"""Tags whose stamps are remembered here; others are asked for again."""


class TagBook:
    """The stamps that are known here, each with when it was asked for."""

    def __init__(self, monotonic_ns: Callable[[], int], sync_s: float) -> None:
        self._monotonic_ns = monotonic_ns
        self._sync_ns = int(sync_s * SECOND_NS)
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[str, int]] = OrderedDict()

    def unknown(self, tags: Iterable[str]) -> list[str]:
        """Return the tags whose stamps were not asked for lately."""
        since_ns = self._monotonic_ns() - self._sync_ns
        with self._lock:
            return [tag for tag in tags if (known := self._known.get(tag)) is None or known[1] <= since_ns]

    def learn(self, stamps: Mapping[str, str], asked_ns: int) -> None:
        """Note stamps as the shared tiers had them at some time; those that are known from later on stay."""
        with self._lock:
            for tag, stamp in stamps.items():
                known = self._known.get(tag)
                if known is not None and known[1] >= asked_ns:
                    continue
                self._note(tag, stamp, asked_ns)

    def renew(self, tags: Sequence[str]) -> dict[str, str]:
        """Return new stamps for tags, which are what is known of them from now on."""
        now_ns = self._monotonic_ns()
        stamps = {tag: new_stamp() for tag in tags}
        with self._lock:
            for tag, stamp in stamps.items():
                self._note(tag, stamp, now_ns)
        return stamps

    def stamps(self, tags: Sequence[str]) -> tuple[tuple[str, str], ...] | None:
        """Return what is known of some tags; None where one of them is not known at all."""
        with self._lock:
            found = [(tag, known[0]) for tag in tags if (known := self._known.get(tag)) is not None]
        return tuple(found) if len(found) == len(tags) else None

    def _note(self, tag: str, stamp: str, at_ns: int) -> None:
        self._known[tag] = (stamp, at_ns)
        self._known.move_to_end(tag)
        if len(self._known) > TAGS_MAX:
            self._known.popitem(last=False)


def new_stamp() -> str:
    """Return a stamp that no tag ever had."""
    return uuid4().hex
