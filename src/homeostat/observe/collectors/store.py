"""The store collector: how large Homeostat's own store is."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from homeostat.core.query import StoreSize
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.running_total import Beat, Level

GROWTH_SAMPLES = 60
"""Of one each 10 s: ten minutes."""


class StoreCollector:
    """What a store says of its own size, each 10 s."""

    name = "store"
    waits_for: Mapping[str, str] = MappingProxyType(
        {
            "homeostat.store.growth": "three minutes of samples",
            "homeostat.store.compression_ratio": "the first numbers that the store compresses",
        }
    )

    def __init__(self, size: Callable[[], StoreSize]) -> None:
        self._size = size
        self._beat = Beat(10)
        self._bytes = Level(GROWTH_SAMPLES)

    def unavailable(self) -> Mapping[str, str]:
        """Nothing is missing anywhere."""
        return {}

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
        if size.raw_bytes and size.compressed_bytes:
            yield Reading("homeostat.store.compression_ratio", size.raw_bytes / size.compressed_bytes)
        found = self._bytes.trend()
        if found.direction != "unknown":
            yield Reading("homeostat.store.growth", found.slope)

    def close(self) -> None:
        """Nothing is held."""
