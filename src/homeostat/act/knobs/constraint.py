"""The constraint: which combinations of knobs must not be."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from homeostat.act.knobs.rule import Rule
from homeostat.core.change import shown
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.knob import Configuration, Value

Predicate = Callable[[dict[str, Any]], object]
"""A test of a configuration. Whoever writes it knows of which type each knob is."""


class _NotDeclared(KeyError):
    """A test asked for a knob that is not declared (yet)."""


class _Declared(dict[str, Value]):
    def __missing__(self, name: str) -> Value:
        raise _NotDeclared(name)


@dataclass(frozen=True, slots=True)
class Constraint:
    """A test that is true of the combinations that must not be, and why they must not.

    `names` are the knobs that it is about, None where that is not known. It holds back nothing as long as not
    all of them are declared.
    """

    broken_by: Predicate
    reason: str
    names: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not self.reason:
            raise ConfigError("a constraint needs a reason: a sentence that tells a person why")

    def check(self, configuration: Configuration) -> None:
        """Raise InputError where a configuration must not be."""
        if self.names is not None and not self.names <= configuration.keys():
            return
        if not self._broken(configuration):
            return
        about = self.names if self.names is not None else configuration.keys()
        values = ", ".join(f"{name} = {shown(configuration[name])}" for name in sorted(about))
        raise InputError(f"{values} must not be together: {self.reason}")

    def touches(self, names: Collection[str]) -> bool:
        """Tell whether it may be about any of some knobs."""
        return self.names is None or not self.names.isdisjoint(names)

    def _broken(self, configuration: Configuration) -> bool:
        try:
            return bool(self.broken_by(_Declared(configuration)))
        except _NotDeclared:
            return False
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise InputError(f"the test of {self.reason!r} failed: {error!r}") from error


def forbidden(predicate: Predicate, reason: str) -> Constraint:
    """Return the constraint that forbids where a test is true."""
    if not callable(predicate):
        raise ConfigError(f"forbid takes a function of the configuration, not {predicate!r}; see `require`")
    return Constraint(predicate, reason)


def required(text: str, reason: str = "") -> Constraint:
    """Return the constraint that demands a rule.

    >>> required("batch * workers <= 256", "memory").check({"batch": 64, "workers": 8})
    Traceback (most recent call last):
    homeostat.core.errors.InputError: batch = 64, workers = 8 must not be together: memory
    """
    rule = Rule(text)
    return Constraint(
        lambda configuration: not rule.holds(configuration), reason or f"{rule.text} is demanded", rule.names
    )
