"""The cell: one value of a table as a number with its unit, however people write it."""

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.judge.words.quantity import counted

Floats = NDArray[np.float64]
Cells = Sequence[object]

NAN = float("nan")

_WRITTEN: dict[tuple[str, float], tuple[str, ...]] = {
    ("ms", 1e-6): ("ns", "nanoseconds", "nanosecond", "nanos"),
    ("ms", 1e-3): ("us", "µs", "μs", "microseconds", "microsecond", "micros"),
    ("ms", 1.0): ("ms", "msec", "millis", "milliseconds", "millisecond"),
    ("ms", 1e3): ("s", "sec", "secs", "second", "seconds"),
    ("ms", 6e4): ("min", "mins", "minute", "minutes"),
    ("ms", 3.6e6): ("h", "hr", "hrs", "hour", "hours"),
    ("bytes", 1.0): ("b", "byte", "bytes"),
    ("bytes", 1e3): ("kb",),
    ("bytes", 1e6): ("mb",),
    ("bytes", 1e9): ("gb",),
    ("bytes", 2.0**10): ("kib",),
    ("bytes", 2.0**20): ("mib",),
    ("bytes", 2.0**30): ("gib",),
    ("ratio", 0.01): ("%", "percent", "pct"),
    ("ratio", 1.0): ("ratio", "fraction"),
    ("USD", 1.0): ("$", "usd", "dollars"),
    ("USD", 0.01): ("¢", "cents"),
    ("tokens", 1.0): ("tokens", "token", "tok", "toks"),
}
UNITS = {text: unit for unit, texts in _WRITTEN.items() for text in texts}
"""What people write behind a number: the unit that it becomes here, and the factor."""

EMPTY = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "--", "nil", "#n/a"})
"""What people write where nothing was measured."""

BOOLEANS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}

_NUMBER = re.compile(
    r"([$]?)\s*([-+]?)\s*([$]?)\s*((?:\d[\d,.' \u00a0\u202f]*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S*)"
)
_THOUSANDS_COMMA = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_COMMA = re.compile(r"\d,\d")


def decimal_comma(cells: Cells) -> bool:
    """Tell whether the comma in some texts is the decimal sign, and not a separator of thousands.

    >>> decimal_comma(["1,5", "12,25"]), decimal_comma(["1,234", "12,500.5"]), decimal_comma(["3"])
    (True, False, False)
    """
    with_comma = [c.strip() for c in cells if isinstance(c, str) and _COMMA.search(c)]
    bare = [c.split()[0].strip("$€%") for c in with_comma]
    return bool(bare) and not all(_THOUSANDS_COMMA.fullmatch(c) for c in bare)


def parse(cell: object, comma: bool = False) -> tuple[float, str] | None:
    """Return a number and its unit; NaN for an empty cell, None for what is no number.

    `comma` says that the comma is the decimal sign. Times become ms, sizes bytes, percentages ratios.

    >>> parse("12 ms"), parse("1.2 s"), parse("45%"), parse("$0.5"), parse("1,5", comma=True)
    ((12.0, 'ms'), (1200.0, 'ms'), (0.45, 'ratio'), (0.5, 'USD'), (1.5, ''))
    >>> parse("1,234.5"), parse("fast"), parse(True)
    ((1234.5, ''), None, (1.0, 'ratio'))
    """
    if isinstance(cell, bool):
        return float(cell), "ratio"
    if isinstance(cell, int | float):
        return _finite(cell), ""
    if cell is None:
        return NAN, ""
    text = str(cell).strip()
    if text.lower() in EMPTY:
        return NAN, ""
    if text.lower() in BOOLEANS:
        return BOOLEANS[text.lower()], "ratio"
    try:
        return _finite(float(text)), ""
    except ValueError:
        pass
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    dollar, sign, second_dollar, digits, suffix = match.groups()
    unit, factor = ("USD", 1.0) if dollar or second_dollar else ("", 1.0)
    if suffix:
        known = UNITS.get(suffix.lower())
        if known is None or unit:
            return None
        unit, factor = known
    value = _digits(digits, comma)
    if value is None:
        return None
    return (-value if sign == "-" else value) * factor, unit


def _finite(value: float) -> float:
    try:
        found = float(value)
    except OverflowError:
        return NAN
    return found if math.isfinite(found) else NAN


def _digits(text: str, comma: bool) -> float | None:
    plain = re.sub(r"[' \u00a0\u202f]", "", text)
    plain = plain.replace(".", "").replace(",", ".") if comma else plain.replace(",", "")
    try:
        return float(plain)
    except ValueError:
        return None


class Parser:
    """Turns the cells of one column into numbers of one unit, and counts what it had to leave out.

    The unit is that of the first chunk's majority; a cell in a unit of another kind is left out. `comma` says
    that commas are decimal signs, which `1,234` alone does not tell.
    """

    def __init__(self, sample: Cells, comma: bool = False) -> None:
        self.comma = comma or decimal_comma(sample)
        units = Counter(
            found[1] for c in sample if (found := parse(c, self.comma)) and not math.isnan(found[0])
        )
        self.unit = units.most_common(1)[0][0] if units else ""
        if not self.unit and len(units) > 1 and units.most_common(2)[1][1] >= 0.2 * units.total():
            self.unit = units.most_common(2)[1][0]
        self.not_numbers = 0
        self.other_units: Counter[str] = Counter()
        self.empty = 0
        self.first_bad = ""

    def numbers(self, cells: Cells) -> Floats:
        """Return one number a cell, NaN where there is none."""
        if not self.comma and not self.unit:
            try:
                found = np.array(list(map(float, cells)), dtype=np.float64)  # type: ignore[arg-type]
            except (TypeError, ValueError, OverflowError):
                pass
            else:
                found[~np.isfinite(found)] = NAN
                self.empty += int(np.isnan(found).sum())
                return found
        return np.array([self._number(c) for c in cells], dtype=np.float64)

    def _number(self, cell: object) -> float:
        found = parse(cell, self.comma)
        if found is None:
            self.not_numbers += 1
            self.first_bad = self.first_bad or str(cell)[:40]
            return NAN
        value, unit = found
        if math.isnan(value):
            self.empty += 1
        elif unit != self.unit:
            self.other_units[unit or "no unit"] += 1
            return NAN
        return value

    def notes(self, name: str) -> list[str]:
        """Return what was left out, in sentences."""
        said = []
        if self.not_numbers:
            said.append(
                f"{name}: left out, being no numbers: {counted(self.not_numbers, 'cell')};"
                f" the first is {self.first_bad!r}"
            )
        for unit, n in self.other_units.items():
            among = f"{unit} among values in {self.unit or 'no unit'}"
            said.append(f"{name}: left out, being in {among}: {counted(n, 'value')}")
        if self.empty:
            said.append(f"{name}: left out, being empty or not finite: {counted(self.empty, 'cell')}")
        return said


_NOT_IN_NAMES = frozenset(
    {"b", "h", "hour", "hours", "min", "minute", "minutes", "second", "token", "fraction"}
)
"""What ends a name without being its unit."""


def unit_of_name(name: str) -> tuple[str, float]:
    """Return the unit that a column's name ends with, and the factor to it; '' and 1 where it has none.

    >>> [unit_of_name(name) for name in ("latency_ms", "Duration (s)", "InputTokens", "n")]
    [('ms', 1.0), ('ms', 1000.0), ('tokens', 1.0), ('', 1.0)]
    """
    words = re.findall(r"[a-z]+|[A-Z][a-z]*|[A-Z]+|%|\$", name)
    last = words[-1].lower() if len(words) > 1 else ""
    return ("", 1.0) if last in _NOT_IN_NAMES else UNITS.get(last, ("", 1.0))
