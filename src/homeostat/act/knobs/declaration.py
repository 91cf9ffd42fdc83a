"""The declaration: a knob from what an application says of it."""

from collections.abc import Sequence

from homeostat.core.errors import ConfigError, InputError
from homeostat.core.knob import Choices, Domain, Floats, Integers, Knob, Scope, Value


def declared(
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
) -> Knob:
    """Return the knob; raise ConfigError saying what is missing or does not fit.

    What kind of knob it is follows from the default: a boolean is a switch of two values, an integer with
    whole bounds is a whole number, other numbers are floats; anything with `choices` is one of these.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ConfigError(f"a knob's name has letters, digits and _, such as 'batch_size', not {name!r}")
    try:
        where = Scope(scope)
    except ValueError:
        raise ConfigError(f"scope of {name!r} must be 'process' or 'request', not {scope!r}") from None
    domain = _domain(name, default, low, high, log, choices)
    try:
        checked = domain.check(default)
    except InputError as error:
        raise ConfigError(f"the default of knob {name!r} does not fit: {error}") from None
    return Knob(name, checked, domain, where, step_max, settle_s, help)


def _domain(
    name: str,
    default: Value,
    low: float | None,
    high: float | None,
    log: bool,
    choices: Sequence[Value] | None,
) -> Domain:
    if choices is not None:
        if low is not None or high is not None or log:
            raise ConfigError(
                f"knob {name!r} has choices, so that low, high and log mean nothing: leave them out"
            )
        if isinstance(choices, str):
            raise ConfigError(f"choices of {name!r} must be a list of values, not the text {choices!r}")
        return Choices(tuple(choices))
    if isinstance(default, bool):
        return Choices((False, True))
    if not isinstance(default, int | float):
        raise ConfigError(f"knob {name!r} is no number: give its `choices`, such as [{default!r}, …]")
    if low is None or high is None:
        raise ConfigError(f"knob {name!r} needs `low` and `high`: nothing is tried beyond them")
    if isinstance(low, bool) or isinstance(high, bool):
        raise ConfigError(f"low and high of {name!r} must be numbers, not {low!r} and {high!r}")
    if isinstance(default, int) and isinstance(low, int) and isinstance(high, int):
        return Integers(low, high, log)
    return Floats(float(low), float(high), log)
