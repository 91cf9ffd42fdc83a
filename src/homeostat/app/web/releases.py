"""The releases: when each release of a service was first seen, where the service was seen before it."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from homeostat.core.clock import SECOND_NS
from homeostat.core.query import SeriesQuery, Store
from homeostat.core.series import SeriesKey
from homeostat.judge.views.event import Event, EventKind, event
from homeostat.judge.views.window import Window

RELEASES_MAX = 64
"""Pairs of a service and a release that are looked for in one window."""

KNOWN_MAX = 1_000

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Beginning:
    """When a release began, or before when; `told` is whether its service was seen without it before."""

    at_ns: int
    exact: bool
    told: bool


class Releases:
    """Finds when releases began, by halving, and remembers it: a beginning does not change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[Pair, _Beginning] = OrderedDict()

    def events(self, window: Window, series: Iterable[SeriesKey]) -> list[Event]:
        """Return the releases that began in a window, of the series that have points in it.

        The first release ever of a service is no event.
        """
        pairs = sorted({(k.get("service"), k.get("release")) for k in series if k.get("release")})
        found = []
        for service, release in pairs[:RELEASES_MAX]:
            began = self._beginning(window, service, release)
            if began.exact and began.told and began.at_ns >= window.start_ns:
                words = " ".join(t for t in (service, release) if t)
                found.append(event(EventKind.RELEASE, began.at_ns, f"{words}: first seen"))
        return found

    def _beginning(self, window: Window, service: str, release: str) -> _Beginning:
        known = self._known.get((service, release))
        if known is None or not (known.exact or known.at_ns <= window.start_ns):
            known = self._known[service, release] = self._found(window, service, release)
            while len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
        return known

    def _found(self, window: Window, service: str, release: str) -> _Beginning:
        """Search a window for a beginning, to a second or half a hundredth of its age."""
        attributes = {"service": service, "release": release}
        low, high = window.start_ns, window.end_ns
        if self._seen(0, low, attributes):
            return _Beginning(low, exact=False, told=False)
        while high - low > max(SECOND_NS, (window.now_ns - high) // 200):
            middle = (low + high) // 2
            low, high = (low, middle) if self._seen(low, middle, attributes) else (middle, high)
        return _Beginning(low, exact=True, told=self._seen(0, low, {"service": service}))

    def _seen(self, start_ns: int, end_ns: int, attributes: dict[str, str]) -> bool:
        return bool(self._store.read(SeriesQuery(start_ns, end_ns, attributes=attributes)))
