"""The result of a load test: what the people experienced, what the server used, and what was kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event, Thread
from types import TracebackType
from typing import Self

import psutil

from homeostat.companion.loadtest.crowd import Plan
from homeostat.prove.load.replay_result import Quantiles, ReplayResult

SAMPLE_S = 0.5


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process used: its largest resident memory, and the CPU time of all its threads."""

    rss_mb_max: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a load test found.

    `replay.latency_ms` counts from the moment at which a message was due; `minutes` are the same, by minute.
    `lost` are messages that were answered and are not kept, or not in their order, among the `checked` ones.
    """

    plan: Plan
    source: str
    embedder: str
    replay: ReplayResult
    minutes: Sequence[Quantiles]
    without_hits: int
    checked: int
    lost: int
    people_seen: int
    usage: Usage | None


class Watch:
    """Looks at a process while a block runs."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._rss_bytes_max = 0
        self._begun_s = self._cpu_s()
        self._ended_s = self._begun_s
        self._over = Event()
        self._thread = Thread(target=self._look, name="companion-load-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def usage(self) -> Usage:
        """What was used within the block so far."""
        return Usage(self._rss_bytes_max / 2**20, self._ended_s - self._begun_s)

    def _look(self) -> None:
        try:
            while True:
                self._rss_bytes_max = max(self._rss_bytes_max, self._process.memory_info().rss)
                self._ended_s = self._cpu_s()
                if self._over.wait(SAMPLE_S):
                    return
        except psutil.Error:
            return

    def _cpu_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


def missing(kept: Sequence[tuple[str, int]], promised: Sequence[tuple[str, int]]) -> int:
    """Return how many promised messages are not kept under their id and seq.

    >>> missing([("a", 1), ("b", 2)], [("b", 2), ("c", 3)])
    1
    """
    return len(set(promised) - set(kept))
