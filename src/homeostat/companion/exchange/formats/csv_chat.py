"""CSV: a header, then a message a row; columns are found by common names, as in JSON."""

import csv
from collections.abc import Iterator
from pathlib import Path

from homeostat.companion.exchange.formats.json_chat import TEXT, of_fields
from homeostat.companion.exchange.formats.reading import Bad, Ids, Reading, Row, lines_of
from homeostat.core.errors import InputError

FIELD_CHARS_MAX = 8 << 20


def read_csv(path: Path, reading: Reading) -> Iterator[Row]:
    """Yield the messages of a table. Raises InputError where it has no column of texts."""
    ids = Ids("csv")
    bad: list[Bad] = []

    def lines() -> Iterator[str]:
        for number, line in lines_of(path, reading):
            if line is None:
                bad.append(Bad(f"line {number}", "it is no UTF-8, or too long"))
            elif "\0" in line:
                bad.append(Bad(f"line {number}", "it holds NUL, which CSV does not"))
            else:
                yield line + "\n"

    source = lines()
    head = next(source, "")
    delimiter = max(",;\t", key=head.count)
    names = [name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), [])]
    if not set(names) & set(TEXT):
        raise InputError(f"{path} has no column named one of {', '.join(TEXT)} in its first line")
    rows = csv.DictReader(source, names, delimiter=delimiter, restkey="", strict=False)
    try:
        for row in _with_long_fields(rows):
            yield from _taken(bad)
            yield of_fields(f"line {rows.line_num + 1}", row, reading, ids)
    except csv.Error as error:
        raise InputError(f"{path} cannot be read on at line {rows.line_num + 1}: {error}") from None
    yield from _taken(bad)


def _with_long_fields(rows: "csv.DictReader[str]") -> Iterator[dict[str, str]]:
    """Yield rows whose fields may be long; the limit is the whole process's, so it is put back each time."""
    while True:
        before = csv.field_size_limit(FIELD_CHARS_MAX)
        try:
            row = next(rows, None)
        finally:
            csv.field_size_limit(before)
        if row is None:
            return
        yield row


def _taken(bad: list[Bad]) -> Iterator[Bad]:
    taken, bad[:] = bad[:], []
    yield from taken
