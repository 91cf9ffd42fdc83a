"""The knobs of an application, as it declares and holds them."""

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar, overload

from homeostat.act.knobs.constraint import Predicate, forbidden, required
from homeostat.act.knobs.declaration import declared
from homeostat.act.knobs.external_knob import Actuator, actuator
from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.act.knobs.knob_set import KnobSet
from homeostat.act.knobs.shadows import Shadows
from homeostat.act.knobs.stream_switch import StreamSwitch
from homeostat.act.knobs.switch import Switch, is_stream
from homeostat.core.clock import Clock
from homeostat.core.knob import Value
from homeostat.core.losses import Losses
from homeostat.loop.plant import ApplicationPlant
from homeostat.observe.tracer import Tracer

V = TypeVar("V", bound=Value)
P = ParamSpec("P")
R = TypeVar("R")

Apply = Actuator | Callable[[Any], object]


class Knobs:
    """Declares knobs, switches and constraints. `plant` is the application as the loop governs it."""

    def __init__(self, tracer: Tracer, losses: Losses, clock: Clock) -> None:
        self._tracer = tracer
        self._shadows = Shadows(losses)
        self.set = KnobSet(tracer.requests.arms, tracer.requests.lead, losses)
        self.plant = ApplicationPlant(self.set, tracer, clock)

    @overload
    def knob(
        self,
        name: str,
        default: bool,
        *,
        scope: str = ...,
        settle_s: float = ...,
        help: str = ...,
        apply: Apply | None = ...,
    ) -> KnobHandle[bool]: ...
    @overload
    def knob(
        self,
        name: str,
        default: int,
        *,
        low: int,
        high: int,
        log: bool = ...,
        scope: str = ...,
        step_max: float = ...,
        settle_s: float = ...,
        help: str = ...,
        apply: Apply | None = ...,
    ) -> KnobHandle[int]: ...
    @overload
    def knob(
        self,
        name: str,
        default: float,
        *,
        low: float,
        high: float,
        log: bool = ...,
        scope: str = ...,
        step_max: float = ...,
        settle_s: float = ...,
        help: str = ...,
        apply: Apply | None = ...,
    ) -> KnobHandle[float]: ...
    @overload
    def knob(
        self,
        name: str,
        default: V,
        *,
        choices: Sequence[V],
        scope: str = ...,
        step_max: float = ...,
        settle_s: float = ...,
        help: str = ...,
        apply: Apply | None = ...,
    ) -> KnobHandle[V]: ...
    def knob(
        self,
        name: str,
        default: Value,
        *,
        low: float | None = None,
        high: float | None = None,
        log: bool = False,
        choices: Sequence[Value] | None = None,
        scope: str = "process",
        step_max: float = 1.0,
        settle_s: float = 0.0,
        help: str = "",
        apply: Apply | None = None,
    ) -> KnobHandle[Any]:
        """Declare a value that may be changed while the application runs; read it with `get()`.

        A number needs `low` and `high`, anything else that is no boolean its `choices`. With
        `scope="request"` requests may have different values. One change moves it by at most the share
        `step_max` of its range; what is measured within `settle_s` after a change is not counted. `apply`
        sets it where it lives outside of this process: a function of the value, or an actuator. Declared
        again in the same way, it is the same knob.
        """
        knob = declared(
            name,
            default,
            low=low,
            high=high,
            log=log,
            choices=choices,
            scope=scope,
            step_max=step_max,
            settle_s=settle_s,
            help=help,
        )
        return self.set.declare(knob, None if apply is None else actuator(apply))

    def switch(
        self, name: str, /, *, help: str = "", **implementations: Callable[P, R]
    ) -> Switch[P, R] | StreamSwitch[P, R]:
        """Return a function that runs one of several implementations, the first one to begin with.

        The knob `name` says which, for each request. They are functions of the same arguments, plain or
        async, or generators, measured as `<name>.<implementation>`.
        """
        stream = is_stream(name, implementations)
        options = tuple(implementations)
        knob = declared(name, options[0], choices=options, scope="request", help=help)
        handle = self.set.declare(knob, switch=not stream)
        if stream:
            return StreamSwitch(handle, implementations, self._tracer, self._inside)
        return Switch(handle, implementations, self._tracer, self._inside, self._shadows)

    def forbid(self, predicate: Predicate, reason: str) -> None:
        """Hold back every configuration of which a function is true: `forbid(lambda c: …, "why")`."""
        self.set.constrain(forbidden(predicate, reason))

    def require(self, rule: str, reason: str = "") -> None:
        """Demand a rule of every configuration: `require("batch_size * workers <= 256", "why")`."""
        self.set.constrain(required(rule, reason))

    def feedback(self, request_id: str, **measures: float) -> bool:
        """Say what a request came to after it has ended, by its id: `feedback(request_id, rating=1)`.

        It counts for the arms that the request had. False, counted, where the id is not known: known are
        those that were asked for (`Operation.request_id`), the latest 50,000 of a day, in this process.
        """
        return self._tracer.requests.feedback(request_id, measures)

    def forget(self) -> None:
        """Go on in a forked child: the values stay, the trials are the parent's."""
        self.set.forget()
        self._shadows.forget()

    def _inside(self) -> bool:
        return self._tracer.within() is not None
