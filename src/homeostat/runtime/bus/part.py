"""The part: something that may be down, with what answers in its place for as long as it is."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, ParamSpec, TypeVar

from homeostat.core.errors import HomeostatError
from homeostat.core.log import event
from homeostat.runtime.host import Host
from homeostat.runtime.limits.breaker import Breaker

P = ParamSpec("P")
R = TypeVar("R")


class Part(Generic[P, R]):
    """Calls a part through a breaker; where it raises a HomeostatError, or is left alone, another answers.

    >>> from homeostat.testing.bare_host import BareHost
    >>> def away() -> str:
    ...     raise HomeostatError("away")
    >>> Part(BareHost(), "prices", away, lambda: "yesterday's")()
    "yesterday's"

    What the fallback raises its caller gets; other errors pass through. Measured are the share of time that
    the part was up, by its calls, how long it took to come back, and the share of calls that the fallback
    answered. Safe for threads.
    """

    def __init__(
        self, host: Host, name: str, call: Callable[P, R], fallback: Callable[P, R], *, slow_s: float = 60.0
    ) -> None:
        self.name = name
        self._call = call
        self._fallback = fallback
        self._breaker = Breaker(host, name, slow_s=slow_s, calls_min=3, open_s=1.0, probes=1)
        self._now_ns = host.clock.monotonic_ns
        self._lock = Lock()
        self._begin_ns = self._now_ns()
        self._down_ns = 0
        self._down_from_ns: int | None = None
        self._uptime = host.gauge("part.uptime", "ratio", part=name)
        self._recovery = host.histogram("part.recovery", "ms", part=name)
        self._fallbacks = host.histogram("part.fallbacks", "ratio", part=name)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the part's answer, or that of its fallback."""
        try:
            with self._breaker.call():
                answer = self._call(*args, **kwargs)
        except HomeostatError as error:
            self._went_down(error)
        else:
            self._is_up()
            return answer
        answer = self._fallback(*args, **kwargs)
        self._fallbacks.record(1.0)
        return answer

    def _went_down(self, error: HomeostatError) -> None:
        with self._lock:
            if self._down_from_ns is None:
                self._down_from_ns = self._now_ns()
                event("part.down", part=self.name, reason=type(error).__name__)
            self._tell_uptime()

    def _is_up(self) -> None:
        self._fallbacks.record(0.0)
        with self._lock:
            if self._down_from_ns is not None:
                down_ns = self._now_ns() - self._down_from_ns
                self._down_ns += down_ns
                self._down_from_ns = None
                self._recovery.record(down_ns / 1e6)
                event("part.up", part=self.name, down_ms=round(down_ns / 1e6))
            self._tell_uptime()

    def _tell_uptime(self) -> None:
        now_ns = self._now_ns()
        down_ns = self._down_ns + (now_ns - self._down_from_ns if self._down_from_ns is not None else 0)
        self._uptime.set(1.0 - down_ns / max(1, now_ns - self._begin_ns))
