"""The rows of a CSV file: any delimiter, with a header or without, quoted or not."""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from homeostat.core.errors import InputError
from homeostat.judge.tabular.cell import parse
from homeostat.judge.tabular.chunk import ROWS, Chunk, Progress, Source, no_progress
from homeostat.judge.tabular.moment import layout_of
from homeostat.judge.tabular.text_file import text_of

DELIMITERS = (",", ";", "\t", "|", " ")
SNIFFED = 50
COLUMNS_MAX = 2_000


def csv_rows(path: Path, progress: Progress) -> Source:
    """Return the rows of a CSV file."""
    notes: list[str] = []
    with text_of(path, no_progress) as lines:
        delimiter = delimiter_of(list(islice(_usable(lines), SNIFFED)))
    return Source(_chunks(path, delimiter, progress, notes), notes, comma=delimiter == ";")


def _usable(lines: Iterator[str]) -> Iterator[str]:
    """The lines that are neither empty nor comments; of the first one, the sign of a comment is taken off."""
    filled = (line for line in lines if line.strip())
    yield from (line.lstrip("# ") for line in islice(filled, 1))
    yield from (line for line in filled if not line.startswith("#"))


def _chunks(path: Path, delimiter: str, progress: Progress, notes: list[str]) -> Iterator[Chunk]:
    with text_of(path, progress) as lines:
        rest = _usable(lines)
        rows = csv.reader(rest, delimiter=delimiter, skipinitialspace=True)
        try:
            yield from _by_column(rows, notes)
        except csv.Error as error:
            raise InputError(f"{path}: line {rows.line_num} cannot be read as CSV: {error}") from None


def delimiter_of(lines: list[str]) -> str:
    r"""Return the sign that cuts all lines into the same number of fields, the one that makes most of them.

    >>> delimiter_of(["a;b", "1,5;2,5"]), delimiter_of(["t v", "1 2"]), delimiter_of(["value", "3"])
    (';', ' ', ',')
    """
    best, most = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        try:
            widths = Counter(
                len(row) for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
            )
        except csv.Error:
            continue
        width, n = widths.most_common(1)[0] if widths else (1, 0)
        agreed = n / max(widths.total(), 1)
        if width > 1 and agreed > 0.8 and (most[1] == 1 or (delimiter != " " and (agreed, width) > most)):
            best, most = delimiter, (agreed, width)
    return best


def header_of(rows: list[list[str]]) -> list[str] | None:
    """Return the header, None where the first row is data as the others are.

    A header has no number and no time in a column that has them below.
    """
    head, below = rows[0], rows[1:]
    if not below:
        return head if all(cell and parse(cell) is None for cell in head) else None
    for i, cell in enumerate(head):
        column = [row[i] for row in below if i < len(row)]
        is_text = parse(cell) is None and layout_of([cell], "") is None
        if is_text and (all(parse(c) is not None for c in column) or layout_of(column, "") is not None):
            return head
    has_numbers = any(parse(cell) is not None for row in rows for cell in row)
    return None if has_numbers else head


def _by_column(rows: Iterator[list[str]], notes: list[str]) -> Iterator[Chunk]:
    first = list(islice(rows, SNIFFED))
    if not first:
        return
    header = header_of(first)
    if header is None:
        header = [""] * len(first[0])
        notes.append("the file has no header; its columns are called column 1, column 2, ...")
    else:
        first = first[1:]
    if len(header) > COLUMNS_MAX:
        raise InputError(f"{len(header):,} columns are too many; at most {COLUMNS_MAX:,} can be read")
    names = unique(header)
    width = len(names)
    ragged = 0
    pending = chain(first, rows)
    while block := list(islice(pending, ROWS)):
        uneven = sum(len(row) != width for row in block)
        if uneven:
            ragged += uneven
            block = [(row + [""] * width)[:width] if len(row) != width else row for row in block]
        yield dict(zip(names, zip(*block, strict=True), strict=True))
    if ragged:
        notes.append(f"{ragged:,} rows have more or fewer than {width} fields; missing ones count as empty")


def unique(header: list[str]) -> list[str]:
    """Return names without repetition.

    >>> unique(["a", "", "a"])
    ['a', 'column 2', 'a (column 3)']
    """
    names: list[str] = []
    for i, cell in enumerate(header, 1):
        name = " ".join(cell.split()) or f"column {i}"
        names.append(f"{name} (column {i})" if name in names else name)
    return names
