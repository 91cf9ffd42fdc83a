"""The plant: the application as a controller sees it. Knobs go in, outcomes of requests come out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from homeostat.core.change import Change
from homeostat.core.knob import Configuration, Knob

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONTROL, TREATMENT, NO_ARM = 0, 1, -1


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What requests of one operation came to, as columns of equal length, in the order in which it was known.

    `ended_ns` is when the request of a row ended. `values` holds a column for each measure, NaN where a row
    does not tell of it: a rating that comes later is a row of its own, with the time of its request. `arms`
    holds a column for each trial: CONTROL, TREATMENT, or NO_ARM for requests that took no part. `dropped` is
    the number of rows that were lost since the last look because nobody looked.
    `units` holds a number for whatever was assigned to its arms as a whole, such as a user; None where that
    is each request by itself.
    """

    ended_ns: "NDArray[np.int64]"
    values: Mapping[str, "NDArray[np.float64]"]
    arms: Mapping[str, "NDArray[np.int8]"]
    operation: str = ""
    dropped: int = 0
    units: "NDArray[np.int64] | None" = None


@dataclass(frozen=True, slots=True)
class Split:
    """A trial that divides the requests: some are handled with other values of knobs.

    Of the requests in the trial the share `share` is treatment, chosen by a hash of `trial` and the request's
    user (where it has one and `sticky` is set) or of the request itself. With `shadow`, the treatment runs
    beside the control and only the control's result is used.
    """

    trial: str
    treatment: Configuration
    share: float = 0.5
    sticky: bool = True
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Steering:
    """How the application shall run from now on: the values of all knobs, and the trials on top of them."""

    base: Configuration
    splits: tuple[Split, ...] = field(default=())


class Plant(Protocol):
    """The application that is governed: in this process, in another one, or simulated."""

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """What may be turned, by name."""
        ...

    def steer(self, steering: Steering) -> None:
        """Run like this from now on; raise HomeostatError where it cannot, leaving all as it was."""
        ...

    def outcomes(self) -> tuple[Outcomes, ...]:
        """Return what ended since the last call, one for each operation."""
        ...


@runtime_checkable
class CheckingPlant(Protocol):
    """A plant that tells beforehand what it would not run."""

    def check(self, change: Change) -> None:
        """Raise InputError where a change from the values in force must not be tried."""
        ...


@runtime_checkable
class ReadingPlant(Protocol):
    """A plant that knows whether its knobs are read: turning one that nobody reads does nothing."""

    def watch_reading(self, knobs: Iterable[str]) -> None:
        """Begin to look whether somebody reads these knobs."""
        ...

    def unread(self, knobs: Iterable[str]) -> frozenset[str]:
        """Return which of these knobs nobody has read since `watch_reading`."""
        ...
