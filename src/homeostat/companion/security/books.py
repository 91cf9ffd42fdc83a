"""Books: what was seen of each of many within a window of time, bounded in every direction."""

from collections import OrderedDict
from dataclasses import dataclass

from homeostat.core.losses import Losses

PAGES_MAX = 10_000


@dataclass(slots=True)
class _Page:
    """Different things of one key, since a moment."""

    since_ns: int
    seen: set[int]


class Book:
    """Counts how many different things were seen of a key within a window; the least recent key goes first.

    A page holds no more things than `most`, for then the caller acts and the page is closed.
    """

    def __init__(self, losses: Losses, window_ns: int, most: int, pages_max: int = PAGES_MAX) -> None:
        self._losses = losses
        self._window_ns = window_ns
        self._most = most
        self._pages_max = pages_max
        self._pages: OrderedDict[str, _Page] = OrderedDict()

    def reached(self, key: str, thing: str, now_ns: int) -> bool:
        """Note a thing; whether so many different ones were seen that something has to be done."""
        page = self._pages.get(key)
        if page is None or now_ns - page.since_ns > self._window_ns:
            page = self._pages[key] = _Page(now_ns, set())
            if len(self._pages) > self._pages_max:
                self._pages.popitem(last=False)
                self._losses.add("companion.security.book_full")
        self._pages.move_to_end(key)
        page.seen.add(hash(thing))
        if len(page.seen) < self._most:
            return False
        del self._pages[key]
        return True

    def __len__(self) -> int:
        return len(self._pages)
