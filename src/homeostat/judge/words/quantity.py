"""A quantity in words: a number with its unit, as short as it can be read."""

import math
import re

NOT_KNOWN = "not known"

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_UNIT = re.compile(r"[^0-9]+$")
_PLAIN_UNITS = frozenset({"", "1"})


def number(value: float, digits: int = 3) -> str:
    """Return a number to so many significant digits, with separators of thousands.

    >>> number(0.0041234), number(412.34), number(8114.2), number(0.0), number(float("nan"))
    ('0.00412', '412', '8,114', '0', 'not known')
    """
    if not math.isfinite(value):
        return NOT_KNOWN
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size >= digits - 1:
        return f"{value:,.0f}"
    if size < -6:
        return f"{value:.{digits - 1}e}"
    decimals = digits - 1 - size
    shown = f"{value:,.{decimals}f}"
    return shown.rstrip("0").rstrip(".") if math.isclose(float(shown.replace(",", "")), value) else shown


def _seconds(value: float) -> str:
    size = abs(value)
    for limit, factor, unit in (
        (1e-3, 1e6, "µs"),
        (1.0, 1e3, "ms"),
        (120.0, 1.0, "s"),
        (7200.0, 1 / 60, "min"),
    ):
        if size < limit:
            return f"{number(value * factor)} {unit}"
    return f"{number(value / 3600)} h"


def _usd(value: float) -> str:
    if value == 0 or abs(value) >= 0.1:
        return f"${value:,.2f}" if value >= 0 else f"-${-value:,.2f}"
    return f"{number(value * 100)} ¢"


def _bytes(value: float) -> str:
    size = abs(value)
    for step, unit in enumerate(_BINARY):
        if size < 1024 or unit == _BINARY[-1]:
            return f"{number(value / 1024**step)} {unit}"
        size /= 1024
    raise AssertionError("unreachable")


def quantity(value: float | None, unit: str) -> str:
    """Return a value with its unit in words; None and what is not finite are 'not known'.

    Units are those of the catalogue; `X/s` is X a second (money is told by the hour), and an unknown unit
    is written as it is.

    >>> quantity(412.3, "ms"), quantity(1240, "ms"), quantity(0.0041, "USD"), quantity(3.2, "USD")
    ('412 ms', '1.24 s', '0.41 ¢', '$3.20')
    >>> quantity(0.952, "ratio"), quantity(64 * 2**20, "bytes"), quantity(8114, "tokens")
    ('95.2%', '64 MiB', '8,114 tokens')
    >>> quantity(12.5, "1/s"), quantity(0.0005, "USD/s")
    ('12.5/s', '$1.80/h')
    >>> quantity(None, "ms")
    'not known'
    """
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    if unit == "USD/s":
        return f"{_usd(value * 3600)}/h"
    if unit.endswith("/s"):
        base = unit[:-2]
        return f"{number(value)}/s" if base in _PLAIN_UNITS else f"{quantity(value, base)}/s"
    match unit:
        case "ns" | "us" | "µs" | "ms" | "s":
            factor = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}[unit]
            return f"0 {unit}" if value == 0 else _seconds(value * factor)
        case "USD":
            return _usd(value)
        case "bytes" | "By" | "B":
            return _bytes(value)
        case "ratio":
            return f"{number(value * 100)}%"
        case "%" | "percent":
            return f"{number(value)}%"
        case _ if unit in _PLAIN_UNITS:
            return number(value)
        case _:
            return f"{number(value)} {unit}"


def count(n: float) -> str:
    """Return a whole number with separators of thousands.

    >>> count(8114)
    '8,114'
    """
    return f"{n:,.0f}"


def counted(n: int, noun: str) -> str:
    """Return how many there are of something, in words.

    >>> counted(1, "row"), counted(2_000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count(n)} {noun}{'s' * (n != 1)}"


def bounds(low: float, high: float, unit: str) -> str:
    """Return an interval in words, the unit once where it is the same.

    >>> bounds(398.2, 427, "ms"), bounds(0.021, 0.0494, "1/s"), bounds(0.2, 0.3, "ratio"), bounds(2, 3, "USD")
    ('[398, 427] ms', '[0.021, 0.0494]/s', '[20, 30]%', '[$2.00, $3.00]')
    """
    first, second = quantity(low, unit), quantity(high, unit)
    suffix = _UNIT.search(first)
    other = _UNIT.search(second)
    if suffix and other and suffix[0] == other[0] and math.isfinite(low) and math.isfinite(high):
        space = " " if suffix[0].startswith(" ") else ""
        return f"[{first[: suffix.start()]}, {second[: other.start()]}]{space}{suffix[0].strip()}"
    return f"[{first}, {second}]"
