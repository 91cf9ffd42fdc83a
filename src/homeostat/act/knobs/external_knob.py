"""The external knob: one whose value lives outside of this process, and how it gets there."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from homeostat.core.errors import ConfigError, HomeostatError, NotApplied
from homeostat.core.knob import Value


@runtime_checkable
class Actuator(Protocol):
    """Sets a knob where it lives."""

    def apply(self, knob: str, value: Value) -> None:
        """Return once the value is confirmed; raise HomeostatError where it is not."""
        ...


class Callback:
    """An actuator that calls a function of the application with the value.

    It is confirmed by returning anything but False; whatever it raises means that it is not.
    """

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[Value], object]) -> None:
        self._function = function

    def apply(self, knob: str, value: Value) -> None:
        """Call the function; raise NotApplied where it fails or returns False."""
        try:
            confirmed = self._function(value)
        except HomeostatError:
            raise
        except Exception as error:
            raise NotApplied(
                f"knob {knob!r} was not set to {value!r}: its function raised {type(error).__name__}: {error}"
            ) from error
        if confirmed is False:
            raise NotApplied(f"knob {knob!r} was not set to {value!r}: its function returned False")


def actuator(apply: "Actuator | Callable[[Value], object]") -> Actuator:
    """Return what sets a knob: an actuator as it is, a function as a callback."""
    if isinstance(apply, Actuator):
        return apply
    if callable(apply):
        return Callback(apply)
    raise ConfigError(f"`apply` takes a function of the value or an actuator, not {apply!r}")
