"""The windows: a range of time as it is shown, which begins with the first data."""

from homeostat.app.web.memo import Memo
from homeostat.app.web.ranges import length_of, level_of, window_of
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.query import SeriesQuery, Store
from homeostat.judge.views.candidate import OWN_SERVICE
from homeostat.judge.views.window import Window

SERVICES_MAX = 64
KEPT_NS = 5 * SECOND_NS


class Windows:
    """Finds since when each service was observed, and shares what it found for some seconds."""

    def __init__(self, store: Store, clock: Clock, memo: Memo) -> None:
        self._store = store
        self._clock = clock
        self._memo = memo

    def window(self, name: str) -> Window:
        """Return the window of a range. While less than that was observed, it begins with the first data.

        Homeostat's own metrics begin with the server, so they count only where there are no others.
        Raises InputError for a range that does not exist.
        """
        length_ns = length_of(name)
        firsts = self._memo.get(("firsts", name), KEPT_NS, lambda: self._firsts(length_ns))
        now_ns = self._clock.now_ns()
        earliest_ns = now_ns - length_ns
        found = [ns for service, ns in firsts if service != OWN_SERVICE] or [ns for _, ns in firsts]
        first_ns = max(min(found, default=earliest_ns), earliest_ns)
        return window_of(name, first_ns, now_ns, firsts)

    def _firsts(self, length_ns: int) -> tuple[tuple[str, int], ...]:
        """Return when each service was first observed within a length of time."""
        now_ns = self._clock.now_ns()
        series = self._store.read(SeriesQuery(now_ns - length_ns, now_ns + SECOND_NS))
        services = sorted({key.get("service") for key in series})[:SERVICES_MAX]
        return tuple((service, self._first(service, now_ns - length_ns, now_ns)) for service in services)

    def _first(self, service: str, start_ns: int, now_ns: int) -> int:
        """Search for the first data of a service by halving, to within a fiftieth of its age."""
        attributes = {"service": service} if service else {}

        def seen_before(end_ns: int) -> bool:
            return bool(self._store.read(SeriesQuery(start_ns, end_ns, attributes=attributes)))

        if seen_before(start_ns + level_of(now_ns - start_ns)):
            return start_ns
        low, high = start_ns, now_ns + SECOND_NS
        while high - low > max(SECOND_NS, (now_ns - high) // 50):
            middle = (low + high) // 2
            low, high = (low, middle) if seen_before(middle) else (middle, high)
        return low
