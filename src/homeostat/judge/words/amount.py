"""The amount: a number with a unit, converted into the unit of a metric."""

import math

from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.target import Amount

LENGTHS_NS = {"ms": 1_000_000, "s": SECOND_NS, "min": MINUTE_NS, "h": HOUR_NS, "d": DAY_NS}
"""Units of a length of time, in nanoseconds."""

_TIME = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6, "d": 8.64e7}
_BYTES = {
    "bytes": 1.0,
    "byte": 1.0,
    "By": 1.0,
    "B": 1.0,
    "kB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
    "TB": 1e12,
    "KiB": 2.0**10,
    "MiB": 2.0**20,
    "GiB": 2.0**30,
    "TiB": 2.0**40,
}
_FAMILIES: dict[str, dict[str, float]] = {
    "time": _TIME,
    "bytes": _BYTES,
    "share": {"ratio": 1.0, "%": 0.01, "percent": 0.01},
    "money": {"USD": 1.0, "cents": 0.01},
    "number": {"1": 1.0},
}
_PER = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def _family(unit: str) -> dict[str, float]:
    return next((units for units in _FAMILIES.values() if unit in units), {unit: 1.0})


def is_rate(unit: str) -> bool:
    """Tell whether a unit is one of something over time.

    >>> is_rate("USD/h"), is_rate("/s"), is_rate("ms")
    (True, True, False)
    """
    return unit.rpartition("/")[1] == "/" and unit.rpartition("/")[2] in _PER


def convert(amount: Amount, unit: str) -> float:
    """Return an amount in a unit. A number without a unit is taken to be in that unit already.

    Raises ConfigError for units that do not measure the same thing.

    >>> convert(Amount(2, "s"), "ms"), convert(Amount(1, "%"), "ratio"), convert(Amount(1.5, "KiB"), "bytes")
    (2000.0, 0.01, 1536.0)
    >>> convert(Amount(36, "USD/h"), "USD/s")
    0.01
    """
    if amount.unit == "" or amount.unit == unit:
        return float(amount.value)
    if is_rate(amount.unit) and is_rate(unit):
        base, _, per = amount.unit.rpartition("/")
        to_base, _, to_per = unit.rpartition("/")
        if base in ("", "1") and to_base in ("", "1"):
            return amount.value * _PER[to_per] / _PER[per]
        return convert(Amount(amount.value, base), to_base) * _PER[to_per] / _PER[per]
    family = _family(unit)
    if amount.unit not in family:
        raise ConfigError(
            f"{write_amount(amount)} cannot be converted to {unit or 'a plain number'}; "
            f"{_known(unit, family)}"
        )
    size = family[amount.unit] / family[unit]
    return amount.value * size if size >= 1 else amount.value / round(1 / size)  # 95% is .95, not .9500...1


def _known(unit: str, family: dict[str, float]) -> str:
    if is_rate(unit):
        base = unit.rpartition("/")[0]
        return f"write it over time, as {', '.join(f'{base}/{per}' for per in _PER)}"
    if unit in ("", "1"):
        return "write the number alone"
    return f"use {' or '.join(family) if len(family) < 3 else ', '.join(family)}, or no unit for {unit}"


def write_number(value: float) -> str:
    """Return a number as it is read back.

    >>> write_number(200.0), write_number(0.95), write_number(1e-7)
    ('200', '0.95', '1e-07')
    """
    return str(int(value)) if value == math.floor(value) and abs(value) < 1e15 else repr(float(value))


def write_amount(amount: Amount) -> str:
    """Return an amount as the language writes it.

    >>> write_amount(Amount(200, "ms")), write_amount(Amount(1, "%")), write_amount(Amount(0.5))
    ('200 ms', '1%', '0.5')
    """
    number = write_number(amount.value)
    if not amount.unit:
        return number
    return f"{number}{amount.unit}" if amount.unit[0] in "%/" else f"{number} {amount.unit}"


def write_length(length_ns: int) -> str:
    """Return a length of time in the largest unit that leaves a whole number.

    >>> write_length(600 * SECOND_NS), write_length(90 * SECOND_NS)
    ('10 min', '90 s')
    """
    unit = next((u for u in ("d", "h", "min", "s") if length_ns % LENGTHS_NS[u] == 0), "ms")
    return f"{length_ns // LENGTHS_NS[unit]} {unit}"
