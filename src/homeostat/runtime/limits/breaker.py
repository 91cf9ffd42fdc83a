"""The breaker: leaves what fails or is slow alone for a while, then tries it with a few calls."""

import threading
from collections.abc import Callable
from functools import partial, wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from homeostat.act.knobs.declaration import declared
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.log import event
from homeostat.runtime.host import Host
from homeostat.runtime.limits.circuit import CLOSED, Circuit, Phase, Rules, State
from homeostat.runtime.limits.outcome import Outcome, is_failure, outcome_of
from homeostat.runtime.limits.refused import CircuitOpen

P = ParamSpec("P")
R = TypeVar("R")

LEVELS = {State.CLOSED: 0.0, State.HALF_OPEN: 0.5, State.OPEN: 1.0}
"""What `breaker.state` records."""


class Breaker:
    """A circuit breaker. Any thread and any task may use it at once.

    >>> from homeostat.testing.bare_host import BareHost
    >>> breaker = Breaker(BareHost(), "model")
    >>> with breaker.call():
    ...     answer = "what the model said"

    It is a decorator of functions and coroutine functions as well. Exceptions pass through; those that
    `fails` is true of count as failures, the others as successes. A call that took `slow_s` is slow, also
    where its caller gave up on it; one that was given up sooner is not counted at all. Raises `CircuitOpen`
    without calling while it is open.

    `circuit.Rules` says what the arguments mean; each is the default of a knob `<name>_breaker_<argument>`.
    Cost: below 1 us a call while closed (`benchmarks/limits.py`).
    """

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        failure_share: float = 0.5,
        slow_share: float = 0.8,
        slow_s: float = 60.0,
        calls_min: int = 10,
        window_s: float = 30.0,
        open_s: float = 5.0,
        probes: int = 3,
        fails: Callable[[Exception], bool] = is_failure,
    ) -> None:
        self.name = name
        self._fails = fails
        self._now_ns = host.clock.monotonic_ns
        self._lock = threading.Lock()
        declare = host.knob_set.declare
        own = f"{name}_breaker"
        self._failure_share = declare(declared(f"{own}_failure_share", failure_share, low=0.01, high=1.0))
        self._slow_share = declare(declared(f"{own}_slow_share", slow_share, low=0.01, high=1.0))
        self._slow_s = declare(declared(f"{own}_slow_s", slow_s, low=0.001, high=3_600.0, log=True))
        self._calls_min = declare(declared(f"{own}_calls_min", calls_min, low=1, high=10_000, log=True))
        self._window_s = declare(declared(f"{own}_window_s", window_s, low=0.1, high=3_600.0, log=True))
        self._open_s = declare(declared(f"{own}_open_s", open_s, low=0.01, high=3_600.0, log=True))
        self._probes = declare(declared(f"{own}_probes", probes, low=1, high=100, log=True))
        self._circuit = Circuit(self._rules, self._window_s.get)
        self.call: Callable[[], BreakerCall] = partial(BreakerCall, self)
        """Returns a context for one call, also around an await; entering it may raise `CircuitOpen`."""
        self._ended = {
            outcome: host.counter("breaker.calls", "1", breaker=name, outcome=outcome.value).add
            for outcome in Outcome
        }
        self._succeeded = self._ended[Outcome.OK]
        self._refused = host.counter("breaker.calls", "1", breaker=name, outcome="refused")
        self._state = host.gauge("breaker.state", "ratio", breaker=name)
        self._state.set(LEVELS[State.CLOSED])

    def _rules(self) -> Rules:
        open_s = self._open_s.get()
        return Rules(
            self._failure_share.get(),
            self._slow_share.get(),
            self._calls_min.get(),
            open_s,
            self._probes.get(),
            max(open_s, self._slow_s.get()),
        )

    @property
    def state(self) -> State:
        """Whether calls go through. An open one lets probes through at the first call after its time."""
        return self._circuit.phase.state

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return the function, each call of which goes through the breaker."""
        if isgeneratorfunction(function) or isasyncgenfunction(function):
            raise ConfigError(f"a breaker wraps functions and coroutine functions, not {function!r}")
        if iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
                with BreakerCall(self):
                    return await function(*args, **kwargs)

            return cast(Callable[P, R], awaited)

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            with BreakerCall(self):
                return function(*args, **kwargs)

        return called

    def _admit(self, now_ns: int) -> Phase:
        with self._lock:
            before = self._circuit.phase
            phase = self._circuit.admit(now_ns)
            self._tell(before)
            retry_after_s = self._circuit.retry_after_s(now_ns)
        if phase is None:
            self._refused.add(1)
            raise CircuitOpen(
                f"{self.name!r} is not called, since it failed or was slow before; "
                f"the next try is in {retry_after_s:.3g} s",
                retry_after_s,
            )
        return phase

    def _end(self, phase: Phase, took_ns: int, now_ns: int, error: BaseException | None) -> None:
        outcome = outcome_of(error, took_ns, self._slow_s.get() * SECOND_NS, self._fails)
        with self._lock:
            before = self._circuit.phase
            self._circuit.record(phase, now_ns, outcome)
            if self._circuit.phase is not before:
                self._tell(before)
        self._ended[outcome](1)

    def _tell(self, before: Phase) -> None:
        """Record a change of state."""
        state = self._circuit.phase.state
        if state is not before.state:
            self._state.set(LEVELS[state])
            event(f"breaker.{state}", breaker=self.name)


class BreakerCall:
    """One call through a breaker."""

    __slots__ = ("_began_ns", "_breaker", "_phase")

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker

    def __enter__(self) -> None:
        breaker = self._breaker
        self._began_ns = began_ns = breaker._now_ns()
        phase = breaker._circuit.phase
        self._phase = phase if phase.state is CLOSED else breaker._admit(began_ns)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        breaker = self._breaker
        now_ns = breaker._now_ns()
        took_ns = now_ns - self._began_ns
        if (
            error is None
            and took_ns < breaker._slow_s.get() * SECOND_NS
            and breaker._circuit.record_success(self._phase, now_ns)
        ):
            breaker._succeeded(1)
        else:
            breaker._end(self._phase, took_ns, now_ns, error)
