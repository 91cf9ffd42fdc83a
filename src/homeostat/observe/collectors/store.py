"""The store collector: how large Homeostat's own store is."""

from collections.abc import Callable, Iterator, Mapping

from homeostat.core.query import StoreSize
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.running_total import Beat, Level

GROWTH_SAMPLES = 60
"""Of one each 10 s: ten minutes."""


class StoreCollector:
    """What a store says of its own size, each 10 s."""

    name = "store"

    def __init__(self, size: Callable[[], StoreSize]) -> None:
        self._size = size
        self._beat = Beat(10)
        self._bytes = Level(GROWTH_SAMPLES)
        self._reasons: dict[str, str] = {}

    def unavailable(self) -> Mapping[str, str]:
        """Return the reasons found so far."""
        return self._reasons

    def collect(self, now_ns: int) -> Iterator[Reading]:
        """Return the readings of one round."""
        if not self._beat.due(now_ns):
            return
        size = self._size()
        self._bytes.add(now_ns, size.bytes)
        yield Reading("homeostat.store.size", size.bytes)
        yield Reading("homeostat.store.points", size.points)
        yield Reading("homeostat.store.spans", size.spans)
        yield Reading("homeostat.store.series", size.series)
        self._reasons.clear()
        if size.raw_bytes and size.compressed_bytes:
            yield Reading("homeostat.store.compression_ratio", size.raw_bytes / size.compressed_bytes)
        else:
            self._reasons["homeostat.store.compression_ratio"] = "the store has nothing compressed yet"
        found = self._bytes.trend()
        if found.direction == "unknown":
            self._reasons["homeostat.store.growth"] = "needs three minutes of samples"
        else:
            yield Reading("homeostat.store.growth", found.slope)

    def close(self) -> None:
        """Nothing is held."""
