"""Reading a table: a file of anybody's numbers becomes series, with all that was assumed said."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from homeostat.core.errors import InputError
from homeostat.core.series import Attributes
from homeostat.judge.tabular.cell import UNITS, Floats, Parser, unit_of_name
from homeostat.judge.tabular.chunk import Chunk, Progress, Reader, no_progress
from homeostat.judge.tabular.columns import Roles, roles_of
from homeostat.judge.tabular.csv_rows import csv_rows
from homeostat.judge.tabular.json_rows import json_rows
from homeostat.judge.tabular.moment import MISSING, Ints
from homeostat.judge.tabular.parquet_rows import parquet_rows
from homeostat.judge.tabular.readings import BUDGET, KEPT_MAX, KEPT_MIN, Buffer, Readings
from homeostat.judge.tabular.text_file import first_bytes
from homeostat.judge.words.quantity import counted

SERIES_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Table:
    """The series of a file. `notes` say in sentences what was assumed and what was left out."""

    source: str
    rows: int
    form: str
    time: str | None
    series: tuple[Readings, ...]
    notes: tuple[str, ...]


def reader_of(path: Path) -> Reader:
    """Return what reads a file, by how it begins."""
    start = first_bytes(path, 65_536)
    if start.startswith(b"PAR1"):
        return parquet_rows
    text = start.decode("utf-8-sig", "replace").lstrip()
    return json_rows if text.startswith(("{", "[")) else csv_rows


def read_table(
    path: Path,
    progress: Progress = no_progress,
    time: str | None = None,
    values: Sequence[str] = (),
    time_unit: str | None = None,
) -> Table:
    """Return the series of a CSV, JSON or Parquet file, gzipped or not.

    `time` and `values` name columns that would not be found, `time_unit` the unit of numbers that are times.
    A table in the long form (a column that names the metric, one that holds the value) has a series for each
    metric and set of labels; in the wide form each column of numbers is one. Times without a zone are UTC;
    without a column of times the rows count.

    Memory is bounded: some chunks of rows, and 131,072 samples a series (8 million in all), of which longer
    ones are thinned; moments and quantiles are of all rows. Raises InputError or NotAvailable.
    """
    source = reader_of(path)(path, progress)
    gathered: _Gathered | None = None
    for chunk in source.chunks:
        if gathered is None:
            gathered = _Gathered(roles_of(chunk, time, values, time_unit), path, source.comma)
        gathered.take(chunk)
    if gathered is None:
        raise InputError(f"{path} holds no rows")
    return gathered.table(source.notes)


Place = tuple[str, Attributes, str]


@dataclass(slots=True)
class _Gathered:
    roles: Roles
    path: Path
    comma: bool
    rows: int = 0
    undated: int = 0
    refused: int = 0
    parsers: dict[str, Parser] = field(default_factory=dict)
    buffers: dict[Place, Buffer] = field(default_factory=dict)

    def take(self, chunk: Chunk) -> None:
        n = len(next(iter(chunk.values()), ()))
        times_ns = self._times(chunk, n)
        dated = times_ns != MISSING
        self.undated += n - int(dated.sum())
        self.rows += n
        for column in self.roles.values:
            cells = chunk.get(column)
            if cells is None:
                continue
            parser = self.parsers.setdefault(column, Parser(cells[:500], self.comma))
            numbers = parser.numbers(cells)
            kept = dated & ~np.isnan(numbers)
            if self.roles.metric:
                self._take_long(chunk, times_ns, numbers, kept)
            else:
                unit, factor = (parser.unit, 1.0) if parser.unit else unit_of_name(column)
                self._add((column, (), unit), times_ns[kept], numbers[kept] * factor)

    def _times(self, chunk: Chunk, n: int) -> Ints:
        if self.roles.time is None or self.roles.layout is None:
            return np.arange(self.rows, self.rows + n, dtype=np.int64) * 1_000_000_000
        cells = chunk.get(self.roles.time)
        return np.full(n, MISSING) if cells is None else self.roles.layout.moments(cells)

    def _take_long(self, chunk: Chunk, times_ns: Ints, numbers: Floats, kept: np.ndarray) -> None:
        roles = self.roles
        names = [n for n in (roles.metric, *roles.labels, roles.unit) if n is not None]
        n = len(numbers)
        places: dict[tuple[object, ...], int] = {}
        found = [
            places.setdefault(p, len(places))
            for p in zip(*(chunk.get(c, [None] * n) for c in names), strict=True)
        ]
        which = np.array(found, dtype=np.int64)
        order = np.argsort(which, kind="stable")
        ends = np.searchsorted(which[order], np.arange(len(places) + 1))
        value_column = roles.values[0]
        for place, i in places.items():
            rows = order[ends[i] : ends[i + 1]]
            rows = rows[kept[rows]]
            metric, *labels = ("" if p is None else str(p) for p in place)
            written = labels.pop() if roles.unit else ""
            unit, factor = UNITS.get(written.lower(), (written, 1.0))
            if not unit:
                parsed = self.parsers[value_column].unit
                unit, factor = (parsed, 1.0) if parsed else unit_of_name(metric)
            attributes = tuple(sorted((k, v) for k, v in zip(roles.labels, labels, strict=True) if v))
            self._add((metric or "unnamed", attributes, unit), times_ns[rows], numbers[rows] * factor)

    def _add(self, place: Place, times_ns: Ints, values: Floats) -> None:
        buffer = self.buffers.get(place)
        if buffer is None:
            if len(self.buffers) >= SERIES_MAX:
                self.refused += values.size
                return
            buffer = self.buffers[place] = Buffer(len(self.buffers))
        buffer.add(times_ns, values, max(KEPT_MIN, min(KEPT_MAX, BUDGET // len(self.buffers))))

    def table(self, said: list[str]) -> Table:
        roles = self.roles
        origin = roles.layout.origin if roles.layout is not None else "rows"
        series = tuple(
            b.readings(name, labels, unit, origin) for (name, labels, unit), b in self.buffers.items()
        )
        notes = [*said, *self._notes()]
        notes.extend(f"{r.title} has no values" for r in series if not r.moments.count)
        thinned = [r for r in series if r.every > 1]
        if thinned:
            notes.append(
                f"{len(thinned)} series are long: means and quantiles are of all their samples, the rest of"
                f" what is said of one in {thinned[0].every:,}"
            )
        return Table(
            source=str(self.path),
            rows=self.rows,
            form=roles.form,
            time=roles.time,
            series=tuple(r for r in series if r.moments.count),
            notes=tuple(notes),
        )

    def _notes(self) -> list[str]:
        roles = self.roles
        if roles.layout is None:
            notes = ["no column of times was found, so rows are taken to be one second apart"]
        else:
            notes = [f"times: column {roles.time!r}, {roles.layout.words}"]
        notes.extend(roles.notes)
        if self.undated:
            notes.append(f"left out, having no time that can be read: {counted(self.undated, 'row')}")
        backwards = sum(b.backwards for b in self.buffers.values())
        if backwards:
            notes.append(f"time goes backwards ({counted(backwards, 'time')}); the rows were sorted by time")
        if self.refused:
            notes.append(f"{self.refused:,} values of series beyond the first {SERIES_MAX:,} were left out")
        for column, parser in self.parsers.items():
            notes.extend(parser.notes(column))
        return notes
