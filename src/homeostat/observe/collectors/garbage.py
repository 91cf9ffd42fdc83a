"""The garbage collector: how often it runs, how long it halts the program, and what stays after it."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from homeostat.core.series import Attributes
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.memory import ResidentMemory
from homeostat.observe.collectors.running_total import Beat, Increases, Level
from homeostat.stats.trend import SAMPLES_MIN

PAUSES_MAX = 10_000
"""Pauses kept between two rounds; of further ones only the number is told."""

LEAK_SAMPLES = 240
LEAK_CONFIDENCE = 0.99
"""Higher than the usual 95%, since the trend is looked at again and again."""

_LEAK = ("process.memory.leak_rate", "process.memory.leak_rate.low", "process.memory.leak_rate.high")
_GENERATIONS: tuple[Attributes, ...] = tuple((("generation", str(g)),) for g in range(3))
_FULL = 2
_TOTALS = (("cpython.gc.collections", "collections"), ("cpython.gc.collected", "collected"))


class GarbageCollector:
    """Watches Python's garbage collector through `gc.callbacks`.

    The leak rate is the trend of the resident memory right after full collections, at most one sample
    a round: what grows there is not waiting to be collected. It is 0 unless an upward trend is
    significant at 99%; its interval is always told. A program that still fills its caches "leaks" too.
    """

    name = "garbage"
    waits_for: Mapping[str, str] = MappingProxyType(
        {
            **dict.fromkeys(_LEAK, f"{SAMPLES_MIN} full garbage collections, at most one a round"),
            "cpython.gc.pause": "the first garbage collection",
        }
    )

    def __init__(self, resident: Callable[[], int] | None = None) -> None:
        self._memory = ResidentMemory() if resident is None else None
        self._resident: Callable[[], int] = resident or self._memory_now
        self._began_ns = 0
        self._pauses: list[tuple[int, int]] = []
        self._increases = Increases()
        self._left: list[int] = []
        self._level = Level(LEAK_SAMPLES)
        self._leak_beat = Beat(10)
        gc.callbacks.append(self._on_phase)

    def _memory_now(self) -> int:
        assert self._memory is not None
        return self._memory()

    def _on_phase(self, phase: str, info: dict[str, int]) -> None:
        """Note one collection. It runs within it, in whatever thread caused it."""
        if phase == "start":
            self._began_ns = time.perf_counter_ns()
            return
        pause_ns = time.perf_counter_ns() - self._began_ns
        if not self._began_ns:  # hooked in while a collection ran
            return
        generation = info["generation"]
        if len(self._pauses) < PAUSES_MAX:
            self._pauses.append((generation, pause_ns))
        if generation == _FULL:
            self._left[:] = [min(*self._left, self._resident()) if self._left else self._resident()]

    def unavailable(self) -> Mapping[str, str]:
        """Nothing is missing anywhere."""
        return {}

    def collect(self, now_ns: int) -> Iterator[Reading]:
        """Return the readings of one round."""
        n = len(self._pauses)
        pauses = self._pauses[:n]
        del self._pauses[:n]
        for generation, pause_ns in pauses:
            yield Reading("cpython.gc.pause", pause_ns / 1e6, _GENERATIONS[generation])
        for generation, totals in enumerate(gc.get_stats()):
            for metric, field in _TOTALS:
                increase = self._increases.of((metric, generation), totals[field])
                if increase is not None:
                    yield Reading(metric, increase, _GENERATIONS[generation])
        if self._left:
            self._level.add(now_ns, self._left.pop())
        if len(self._level) >= SAMPLES_MIN and self._leak_beat.due(now_ns):
            found = self._level.trend(LEAK_CONFIDENCE)
            if found.direction != "unknown":
                rate = found.slope if found.direction == "up" else 0.0
                yield from map(Reading, _LEAK, (rate, found.low, found.high))

    def close(self) -> None:
        """Take the hook out again."""
        if self._on_phase in gc.callbacks:
            gc.callbacks.remove(self._on_phase)
        if self._memory is not None:
            self._memory.close()
