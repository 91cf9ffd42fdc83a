"""The balancer: spreads calls over several endpoints, and leaves out those that fail while others do not."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from random import Random
from types import TracebackType
from typing import Generic, TypeVar

from homeostat.act.knobs.declaration import declared
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.log import event
from homeostat.runtime.host import Host
from homeostat.runtime.limits.circuit import CLOSED, Circuit, Phase, Rules
from homeostat.runtime.limits.outcome import Outcome, is_failure, outcome_of

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Endpoint(Generic[T]):
    """One of the endpoints, and how many calls to it are in progress."""

    name: str
    target: T
    circuit: Circuit
    outstanding: int = 0


class Balancer(Generic[T]):
    """Two random endpoints, of which the one with fewer calls in progress is called (Mitzenmacher, 2001).

    >>> from homeostat.testing.bare_host import BareHost
    >>> balancer = Balancer(BareHost(), "model", {"a": "http://a", "b": "http://b"}, Random(1))
    >>> with balancer.pick() as target:
    ...     target
    'http://a'

    An endpoint of whose calls too many fail or are slow (`circuit.Rules`) is ejected for `eject_s`, each time
    in a row for twice as long, and comes back by one call that goes well. At most `ejected_share_max` of the
    endpoints are, and never all: where all fail it is not the endpoints. Any thread and task may use it. What
    arguments say is the default of the knobs `<name>_balancer_<argument>`.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        endpoints: Mapping[str, T],
        random: Random | None = None,
        *,
        failure_share: float = 0.5,
        slow_s: float = 60.0,
        calls_min: int = 10,
        window_s: float = 30.0,
        eject_s: float = 10.0,
        ejected_share_max: float = 0.5,
    ) -> None:
        if not endpoints:
            raise ConfigError(f"the balancer {name!r} needs endpoints, such as {{'a': 'http://a'}}")
        self.name = name
        self._random = random or Random()  # noqa: S311 - nothing secret depends on it
        self._now_ns = host.clock.monotonic_ns
        self._lock = threading.Lock()
        own, declare = f"{name}_balancer", host.knob_set.declare
        self._failure_share = declare(declared(f"{own}_failure_share", failure_share, low=0.01, high=1.0))
        self._slow_s = declare(declared(f"{own}_slow_s", slow_s, low=0.001, high=3_600.0, log=True))
        self._calls_min = declare(declared(f"{own}_calls_min", calls_min, low=1, high=10_000, log=True))
        window = declare(declared(f"{own}_window_s", window_s, low=0.1, high=3_600.0, log=True))
        self._eject_s = declare(declared(f"{own}_eject_s", eject_s, low=0.01, high=3_600.0, log=True))
        self._ejected_share_max = declare(
            declared(f"{own}_ejected_share_max", ejected_share_max, low=0.0, high=1.0)
        )
        self._endpoints = tuple(
            Endpoint(each, target, Circuit(self._rules, window.get)) for each, target in endpoints.items()
        )
        self._serving = self._endpoints
        self._count = {
            (each, outcome): host.counter(
                "balancer.calls", "1", balancer=name, endpoint=each, outcome=outcome.value
            ).add
            for each in endpoints
            for outcome in Outcome
        }
        self._ejected = host.gauge("balancer.ejected", "1", balancer=name).set
        self._ejected(0)
        self.pick: partial[Pick[T]] = partial(Pick, self)
        """Returns a context for one call, also around an await; entering it gives the endpoint to call."""

    def _rules(self) -> Rules:
        ejected = len(self._endpoints) - len(self._serving)
        most = min(len(self._endpoints) - 1, int(self._ejected_share_max.get() * len(self._endpoints)))
        share = self._failure_share.get() if ejected < most else inf
        eject_s = self._eject_s.get()
        return Rules(share, share, self._calls_min.get(), eject_s, 1, max(eject_s, self._slow_s.get()))

    @property
    def ejected(self) -> tuple[str, ...]:
        """The names of the endpoints that are left out."""
        serving = self._serving
        return tuple(each.name for each in self._endpoints if each not in serving)

    def _begin(self) -> tuple[Endpoint[T], Phase]:
        with self._lock:
            if len(self._serving) < len(self._endpoints):
                now_ns = self._now_ns()
                for each in self._endpoints:
                    if each not in self._serving and (probe := each.circuit.admit(now_ns)) is not None:
                        each.outstanding += 1
                        return each, probe
            chosen = self._chosen()
            chosen.outstanding += 1
            return chosen, chosen.circuit.phase

    def _chosen(self) -> Endpoint[T]:
        serving, random = self._serving, self._random.random
        one = int(random() * len(serving))
        if len(serving) == 1:
            return serving[0]
        other = int(random() * (len(serving) - 1))
        a, b = serving[one], serving[other + (other >= one)]
        return a if a.outstanding <= b.outstanding else b

    def _end(self, endpoint: Endpoint[T], phase: Phase, began_ns: int, error: BaseException | None) -> None:
        now_ns = self._now_ns()
        outcome = outcome_of(error, now_ns - began_ns, self._slow_s.get() * SECOND_NS, is_failure)
        with self._lock:
            endpoint.outstanding -= 1
            endpoint.circuit.record(phase, now_ns, outcome)
            if (endpoint.circuit.phase.state is CLOSED) != (endpoint in self._serving):
                self._tell(endpoint)
        self._count[endpoint.name, outcome](1)

    def _tell(self, endpoint: Endpoint[T]) -> None:
        """Take in that an endpoint was ejected or is back."""
        self._serving = tuple(each for each in self._endpoints if each.circuit.phase.state is CLOSED)
        ejected = len(self._endpoints) - len(self._serving)
        self._ejected(ejected)
        what = "back" if endpoint in self._serving else "ejected"
        event(f"balancer.{what}", balancer=self.name, endpoint=endpoint.name, ejected=ejected)


class Pick(Generic[T]):
    """One call to one of the endpoints."""

    __slots__ = ("_balancer", "_began_ns", "_endpoint", "_phase")

    def __init__(self, balancer: Balancer[T]) -> None:
        self._balancer = balancer

    def __enter__(self) -> T:
        self._began_ns = self._balancer._now_ns()
        self._endpoint, self._phase = self._balancer._begin()
        return self._endpoint.target

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._balancer._end(self._endpoint, self._phase, self._began_ns, error)
