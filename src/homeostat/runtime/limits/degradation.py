"""The degradation: what an application leaves out, one step after the other, when it cannot do everything."""

from collections.abc import Sequence

from homeostat.act.controllers.ladder import Rung
from homeostat.act.knobs.declaration import declared
from homeostat.core.errors import ConfigError, InputError
from homeostat.runtime.host import Host

STEPS_MAX = 50


class Degradation:
    """Ordered steps of what is dropped, the least missed first; a knob says how many of them are in force.

    >>> from homeostat.testing.bare_host import BareHost
    >>> host = BareHost()
    >>> degradation = Degradation(host, "answer", ["rerank", "long_context"])
    >>> host.knob_set.pin("answer_degradation", 1)
    >>> degradation.drops("rerank"), degradation.drops("long_context")
    (True, False)

    The knob `<name>_degradation` goes from 0 (nothing is dropped) to the number of steps, one at a time. It
    is a knob of requests, so that a step can be tried on some of them; `rungs` is what a `Ladder` climbs.
    """

    def __init__(self, host: Host, name: str, steps: Sequence[str]) -> None:
        if isinstance(steps, str) or not 1 <= len(steps) <= STEPS_MAX or len(set(steps)) < len(steps):
            raise ConfigError(
                f"the degradation of {name!r} needs 1 to {STEPS_MAX} different steps, not {steps!r}"
            )
        self._numbers = {step: number for number, step in enumerate(steps, 1)}
        self._knob = host.knob_set.declare(
            declared(
                f"{name}_degradation",
                0,
                low=0,
                high=len(steps),
                scope="request",
                step_max=1.0 / len(steps),
                help=f"how many of these are dropped: {', '.join(steps)}",
            )
        )
        self._dropped = {
            step: host.counter("degradation.dropped", "1", degradation=name, step=step).add for step in steps
        }

    def drops(self, step: str) -> bool:
        """Tell whether a step is in force here, and count it if so: ask where it would be done."""
        number = self._numbers.get(step)
        if number is None:
            raise InputError(f"there is no step {step!r}; the steps are {', '.join(self._numbers)}")
        if self._knob.get() < number:
            return False
        self._dropped[step](1)
        return True

    @property
    def level(self) -> int:
        """How many steps are in force here."""
        level: int = self._knob.get()
        return level

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The rungs of a ladder that drops one step after the other."""
        return tuple(Rung(self._knob.knob.name, to=number) for number in self._numbers.values())
