"""The moment: a column of times in any of the usual forms, as nanoseconds."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from homeostat.judge.tabular.cell import EMPTY

Ints = NDArray[np.int64]
Origin = Literal["epoch", "relative", "rows"]

MISSING = np.iinfo(np.int64).min
"""Stands for a time that is missing or cannot be read."""

SAMPLE = 300

NAMES = re.compile(
    r"(^|[^a-z])(time|timestamp|ts|date|datetime|when|at|epoch|created|started|start|recorded|day|hour|month|year|minute|t)([^a-z]|$)"
    r"|timestamp|datetime|date$|^time"
)
"""What columns of times are called."""

UNITS_NS = {"ns": 1, "us": 1_000, "ms": 10**6, "min": 60 * 10**9, "h": 3_600 * 10**9, "s": 10**9}
"""Units in which times are counted, by how they are called."""

_COUNTED = ("s", "ms", "us", "ns")
_CHOSEN = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30)
_CHOSEN_NS = frozenset(
    round(n * unit * 10**9)
    for numbers, unit in (
        ((1, 2, 5, 10, 20, 25, 40, 50, 100, 200, 250, 500), 1e-3),
        ((*_CHOSEN, 45), 1),
        ((*_CHOSEN, 45), 60),
        (_CHOSEN[:9], 3_600),
        ((1, 2, 7, 14, 28, 30), 86_400),
    )
    for n in numbers
)
"""Steps of time that people choose."""

_EPOCHS = (
    (1e17, 1e19, 1, "ns"),
    (1e14, 1e17, 1_000, "µs"),
    (1e11, 1e14, 10**6, "ms"),
    (3e7, 1e11, 10**9, "s"),
)

_LAYOUTS = (
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d/%b/%Y:%H:%M:%S %z",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y",
    "%b %d, %Y",
    "%Y-%m",
    "%Y",
)

_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)


def _ns(moment: datetime) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    apart = moment - _EPOCH_START
    return (apart.days * 86_400 + apart.seconds) * 10**9 + apart.microseconds * 1_000


def _iso(text: str) -> int:
    return _ns(datetime.fromisoformat(text))


def _mail(text: str) -> int:
    return _ns(parsedate_to_datetime(text))


@dataclass(frozen=True, slots=True)
class Layout:
    """How the times of one column are written. `words` say it to people."""

    words: str
    origin: Origin
    read: Callable[[object], int]
    scale_ns: float = 0.0

    def moments(self, cells: Sequence[object]) -> Ints:
        """Return the nanoseconds of each cell, `MISSING` where there are none."""
        if self.scale_ns:
            try:
                numbers = np.array(list(map(float, cells)), dtype=np.float64)  # type: ignore[arg-type]
            except (TypeError, ValueError):
                pass
            else:
                return _scaled(numbers, self.scale_ns)
        return np.array([self._one(c) for c in cells], dtype=np.int64)

    def _one(self, cell: object) -> int:
        if cell is None or (isinstance(cell, str) and cell.strip().lower() in EMPTY):
            return MISSING
        try:
            found = self.read(cell)
        except (ValueError, TypeError, OverflowError, IndexError):
            return MISSING
        return found if abs(found) < 2**62 else MISSING


def _scaled(numbers: NDArray[np.float64], scale_ns: float) -> Ints:
    usable = np.isfinite(numbers) & (np.abs(numbers) * scale_ns < 2.0**62)
    return np.where(usable, np.where(usable, numbers, 0.0) * scale_ns, MISSING).astype(np.int64)


def layout_of(cells: Sequence[object], name: str, unit: str | None = None) -> Layout | None:
    """Return how a column's times are written, None where it holds no times.

    Numbers are times where they lie in a range of the epoch, or where the column's name says so (they then
    count from the start of the recording, in the unit that its name ends with, or else that makes their
    usual step a round one: `unit_of_steps`). `unit` says it for sure. Days and months that can be exchanged
    are read in the order that keeps the times going forward, else as day and month.
    """
    sample = [c for c in cells if c is not None and str(c).strip().lower() not in EMPTY][:SAMPLE]
    if not sample or any(isinstance(c, bool) for c in sample):
        return None
    if all(isinstance(c, datetime | date) for c in sample):
        return Layout("dates", "epoch", _of_date)
    named = NAMES.search(_spaced(name)) is not None
    try:
        numbers = [float(c) for c in sample]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return _written([str(c).strip() for c in sample])
    if unit is not None:
        return _said(numbers, unit)
    return _counted(numbers, name, named)


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _of_date(cell: object) -> int:
    if isinstance(cell, datetime):
        return _ns(cell)
    if isinstance(cell, date):
        return _ns(datetime(cell.year, cell.month, cell.day, tzinfo=UTC))
    raise TypeError(cell)


def _counted(numbers: list[float], name: str, named: bool) -> Layout | None:
    """Numbers: seconds (or ms, µs, ns) since the epoch, years, or time since the start."""
    numbers = [n for n in numbers if math.isfinite(n)]
    if not numbers:
        return None
    low, high = min(numbers), max(numbers)
    back = sum(b < a for a, b in pairwise(numbers))
    rising = back == 0
    for least, most, scale, unit in _EPOCHS:
        if least <= low and high < most and (named or (rising and low > 3e8 and high < 1.5 * low)):
            return Layout(f"{unit} since 1970", "epoch", _scaler(scale), float(scale))
    if not named or back * 10 > len(numbers) or low == high:
        return None
    whole = all(n == int(n) for n in numbers)
    yearly = "year" in name.lower() or (rising and high - low == len(numbers) - 1)
    if whole and low >= 1200 and high <= 2500 and yearly:
        return Layout("years", "epoch", lambda c: _ns(datetime(int(float(str(c))), 1, 1, tzinfo=UTC)))
    if whole and low >= 19000101 and high <= 25001231:
        return Layout(
            "year, month and day",
            "epoch",
            lambda c: _ns(datetime.strptime(str(int(float(str(c)))), "%Y%m%d")),
        )
    unit = next((u for u in UNITS_NS if re.search(rf"[^a-z]{u}$", _spaced(name))), "")
    guess = ""
    if not unit:
        unit, why = unit_of_steps(numbers)
        guess = f" (a guess, {why}; --time-unit says it for sure)"
    return Layout(
        f"{unit} since the start{guess}", "relative", _scaler(UNITS_NS[unit]), float(UNITS_NS[unit])
    )


def _said(numbers: list[float], unit: str) -> Layout | None:
    """Numbers in a unit that somebody named: of the epoch where they are large enough for it."""
    scale = UNITS_NS[unit]
    finite = [n for n in numbers if math.isfinite(n)]
    if not finite:
        return None
    if min(finite) * scale >= 1e17 and max(finite) * scale < 1e19:
        return Layout(f"{unit} since 1970", "epoch", _scaler(scale), float(scale))
    return Layout(f"{unit} since the start", "relative", _scaler(scale), float(scale))


def unit_of_steps(numbers: Sequence[float]) -> tuple[str, str]:
    """Return the unit in which relative times most likely count, and why.

    Numbers with fractions are seconds. Whole ones are in the largest unit that makes their usual step a
    length that people choose (5 s, 1 min, 250 ms); where steps are irregular, in the largest in which the
    usual one is less than 1,000.

    >>> unit_of_steps([0, 60, 120])[0], unit_of_steps([0, 3000, 6000, 9000])[0], unit_of_steps([0.5, 1.5])[0]
    ('s', 'ms', 's')
    """
    if any(n != int(n) for n in numbers):
        return "s", "as they have fractions"
    steps = sorted(b - a for a, b in pairwise(numbers) if b > a)
    if not steps:
        return "s", "as all are the same"
    usual = steps[len(steps) // 2]
    alike = sum(abs(s - usual) <= 0.01 * usual for s in steps)
    found = "s"
    if alike * 2 >= len(steps):
        found = next((u for u in _COUNTED if round(usual * UNITS_NS[u]) in _CHOSEN_NS), found)
    else:
        found = next((u for u, most in zip(_COUNTED, (1e3, 1e6, 1e9), strict=False) if usual < most), "ns")
    if found == "s":
        return "s", f"as their usual step is {usual:,.0f}"
    return found, f"as their usual step is {usual:,.0f}, which is no usual number of seconds"


def _scaler(scale: int) -> Callable[[object], int]:
    def read(cell: object) -> int:
        return int(float(cell) * scale)  # type: ignore[arg-type]

    return read


def _reads(read: Callable[[str], int], texts: list[str]) -> list[int] | None:
    """The moments of the texts, None where more than one in twenty cannot be read."""
    found = []
    unread = 0
    for text in texts:
        try:
            found.append(read(text))
        except (ValueError, TypeError, OverflowError, IndexError):
            unread += 1
            if unread * 20 > len(texts):
                return None
    return found


def _written(texts: list[str]) -> Layout | None:
    if not any(any(ch.isdigit() for ch in t) for t in texts):
        return None
    if _reads(_iso, texts) is not None:
        return Layout("ISO 8601", "epoch", lambda c: _iso(str(c).strip()))
    fitting = [
        (sum(b < a for a, b in pairwise(found)), layout)
        for layout in _LAYOUTS
        if (found := _reads(_strptime(layout), texts)) is not None
    ]
    if fitting:
        layout = min(fitting, key=lambda f: f[0])[1]
        read = _strptime(layout)
        return Layout(f"times of the form {layout}", "epoch", lambda c: read(str(c).strip()))
    if _reads(_mail, texts) is not None:
        return Layout("dates as in e-mail", "epoch", lambda c: _mail(str(c)))
    return None


def _strptime(layout: str) -> Callable[[str], int]:
    return lambda text: _ns(datetime.strptime(text, layout))
