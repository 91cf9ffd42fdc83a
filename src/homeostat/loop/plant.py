"""The application as a plant: knobs and requests of this process, as the loop governs them."""

from collections.abc import Iterable, Mapping

from homeostat.act.knobs.knob_set import KnobSet
from homeostat.core.change import Change
from homeostat.core.clock import Clock
from homeostat.core.knob import Configuration, Knob
from homeostat.core.plant import Outcomes, Steering
from homeostat.observe.outcome_rows import OutcomeColumns
from homeostat.observe.tracer import Tracer


class ApplicationPlant:
    """The application in this process.

    Outcomes are kept from the first look or the first steering on; before, requests cost nothing more. Each
    look returns those of all whole requests (`operation` is empty), and of each operation under its name;
    for a shadowed switch, those of its calls under the name of the switch.
    """

    def __init__(self, knobs: KnobSet, tracer: Tracer, clock: Clock) -> None:
        self._set = knobs
        self._tracer = tracer
        self._clock = clock
        self._columns = OutcomeColumns(tracer.priced)

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """The knobs that may be turned: all that are declared and not pinned."""
        return self._set.knobs

    @property
    def configuration(self) -> Configuration:
        """The values in force, of pinned knobs as well."""
        return self._set.configuration

    def check(self, change: Change) -> None:
        """Raise InputError where a change must not be tried: it goes too far, is pinned, or held back."""
        self._set.check(change)

    def watch_reading(self, knobs: Iterable[str]) -> None:
        """Begin to look whether somebody reads these knobs."""
        self._set.watch_reading(knobs)

    def unread(self, knobs: Iterable[str]) -> frozenset[str]:
        """Return which of these knobs nobody here has read since; not those that live elsewhere."""
        return self._set.unread(knobs)

    def steer(self, steering: Steering) -> None:
        """Run like this from now on, requests under way included; raise HomeostatError where it cannot be."""
        self._tracer.requests.govern()
        self._set.steer(steering)

    def outcomes(self) -> tuple[Outcomes, ...]:
        """Return what ended since the last call."""
        requests = self._tracer.requests
        requests.govern()
        rows, dropped, trials = requests.take()
        epoch_ns = self._clock.now_ns() - self._tracer.now()
        return self._columns.of(rows, epoch_ns, trials, dropped)
