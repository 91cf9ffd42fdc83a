"""The columns: which of them is the time, which are values, and which say what the values are of."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from homeostat.core.errors import InputError
from homeostat.judge.tabular.cell import EMPTY, Cells, decimal_comma, parse
from homeostat.judge.tabular.chunk import Chunk
from homeostat.judge.tabular.moment import NAMES, UNITS_NS, Layout, layout_of

SAMPLE = 500
LABEL_VALUES_MAX = 50
NUMBERS_LEAST = 0.6

MOONCAKE = frozenset({"timestamp", "input_length", "output_length"})
"""The columns of Mooncake's traces, whose times are in ms."""

_METRIC = frozenset(
    {"metric", "name", "series", "measurement", "variable", "key", "signal", "item", "counter", "unique_id"}
)
_VALUE = frozenset({"value", "val", "v", "y", "reading", "measure", "amount", "sample"})
_UNIT = frozenset({"unit", "units"})
_IDENTITY = re.compile(
    r"(^|[^a-z])(id|uuid|guid|index|idx|row|seq|seqno|pid|tid)$|^unnamed|_id$|^no\.?$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Roles:
    """What each column is for. In the long form `metric` names the series and `values` holds one column."""

    time: str | None
    layout: Layout | None
    values: tuple[str, ...]
    metric: str | None
    labels: tuple[str, ...]
    unit: str | None
    notes: tuple[str, ...]

    @property
    def form(self) -> str:
        """`long` (one value a row, named by a column) or `wide` (a column a series)."""
        return "long" if self.metric else "wide"


def roles_of(
    chunk: Chunk, time: str | None = None, wanted: Sequence[str] = (), unit: str | None = None
) -> Roles:
    """Return what the columns are for; `time` and `wanted` are columns, `unit` that of times, somebody named.

    Raises InputError where a named column does not exist, or no column holds numbers.
    """
    if unit is not None and unit not in UNITS_NS:
        raise InputError(f"there is no unit of time {unit!r}; use one of {', '.join(UNITS_NS)}")
    for name in (*([time] if time else []), *wanted):
        if name not in chunk:
            raise InputError(f"there is no column {name!r}; there are {', '.join(map(repr, chunk))}")
    sample = {name: _sample(cells) for name, cells in chunk.items()}
    if unit is None and MOONCAKE.issubset(chunk):
        unit, time = "ms", time or "timestamp"
    time, layout = _time(sample, time, wanted, unit)
    numeric = [n for n, cells in sample.items() if n != time and _is_numeric(cells)]
    texts = [n for n in sample if n != time and n not in numeric]
    labels = [n for n in texts if _is_label(sample[n])]
    metric = next((n for n in labels if n.lower() in _METRIC), None)
    values = list(wanted) or [n for n in numeric if not _is_identity(n, sample[n])] or numeric
    notes = []
    if metric and not wanted:
        named = [n for n in values if n.lower() in _VALUE]
        values = named[:1] or values
        if len(values) > 1:
            metric = None
    if not values:
        known = ", ".join(map(repr, chunk)) or "none"
        raise InputError(f"no column holds numbers; the columns are {known}")
    dropped = [n for n in numeric if n not in values]
    unit = next((n for n in labels if n.lower() in _UNIT), None) if metric else None
    others = tuple(n for n in labels if n not in (metric, unit)) if metric else ()
    unused = dropped + [n for n in texts if n not in (metric, unit, *others)]
    if unused:
        shown = ", ".join(unused[:8]) + (f" and {len(unused) - 8} more" if len(unused) > 8 else "")
        notes.append(f"not read as values: {shown}")
    return Roles(time, layout, tuple(values), metric, others, unit, tuple(notes))


def _sample(cells: Cells) -> list[object]:
    found = []
    for cell in cells[: 20 * SAMPLE]:
        if cell is not None and not (isinstance(cell, str) and cell.strip().lower() in EMPTY):
            found.append(cell)
            if len(found) == SAMPLE:
                break
    return found


def _time(
    sample: Mapping[str, list[object]], named: str | None, wanted: Sequence[str], unit: str | None
) -> tuple[str | None, Layout | None]:
    if named:
        layout = layout_of(sample[named], "timestamp", unit)
        if layout is None:
            shown = str(sample[named][0])[:40] if sample[named] else ""
            raise InputError(f"the column {named!r} holds no times that can be read, such as {shown!r}")
        return named, layout
    found = [
        (name, layout)
        for name, cells in sample.items()
        if name not in wanted
        and layout_of(cells, name) is not None
        and (layout := layout_of(cells, name, unit)) is not None
    ]
    if not found:
        return None, None

    def rank(candidate: tuple[str, Layout]) -> tuple[bool, bool, bool, int]:
        name, layout = candidate
        moments = layout.moments(sample[name]).tolist()
        back = sum(b < a for a, b in pairwise(moments))
        counts = _IDENTITY.search(name) is not None
        return layout.origin != "epoch", counts, NAMES.search(name.lower()) is None, back

    return min(found, key=rank)


def _is_numeric(cells: list[object]) -> bool:
    if not cells:
        return False
    comma = decimal_comma(cells)
    return sum(parse(c, comma) is not None for c in cells) >= NUMBERS_LEAST * len(cells)


def _is_label(cells: list[object]) -> bool:
    if not cells or not all(isinstance(c, str) for c in cells):
        return False
    return len({str(c) for c in cells}) <= max(min(LABEL_VALUES_MAX, len(cells) // 2), 1)


def _is_identity(name: str, cells: list[object]) -> bool:
    """Numbers that name things: called so, whole, and (but for `id`) counting up by one."""
    return _IDENTITY.search(name) is not None and all(
        (found := parse(c)) is not None and found[0] == int(found[0]) for c in cells
    )
