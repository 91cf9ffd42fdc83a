"""The rows of a JSON file: one object a line, an array of objects, or one object of equally long arrays."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from homeostat.core.errors import InputError, TooLarge
from homeostat.judge.tabular.chunk import ROWS, Chunk, Progress, Source
from homeostat.judge.tabular.text_file import first_bytes, text_of

WHOLE_MAX = 2 * 2**30
"""A JSON document is read whole up to this many characters; JSON lines have no such limit."""

DEPTH_MAX = 4
_PLAIN = frozenset({"raw", "value", "values", "data", "v", "y"})
"""Names that say no more than the name of what they are in."""

Row = dict[str, Any]


def json_rows(path: Path, progress: Progress) -> Source:
    """Return the rows of a JSON file."""
    notes: list[str] = []
    start = first_bytes(path).decode("utf-8-sig", "replace").lstrip()
    head, _, rest = start.partition("\n")
    by_line = bool(rest.strip()) and _is_object(head)
    return Source((_lines if by_line else _document)(path, progress, notes), notes)


def _is_object(line: str) -> bool:
    try:
        found = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return False
    return isinstance(found, dict)


def _lines(path: Path, progress: Progress, notes: list[str]) -> Iterator[Chunk]:
    decoder = msgspec.json.Decoder()
    bad = 0
    first_bad = ""

    def objects(lines: Iterator[str]) -> Iterator[Row]:
        nonlocal bad, first_bad
        for n, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                found = decoder.decode(line)
            except msgspec.DecodeError as error:
                found, first_bad = None, first_bad or f"line {n}: {error}"
            if isinstance(found, dict):
                yield flat(found)
            else:
                bad += 1
                first_bad = first_bad or f"line {n} is no object"

    with text_of(path, progress) as lines:
        yield from _by_column(objects(lines))
    if bad:
        notes.append(f"{bad:,} lines are no JSON objects and were left out; {first_bad}")


def _document(path: Path, progress: Progress, notes: list[str]) -> Iterator[Chunk]:
    with text_of(path, progress) as lines:
        pieces, size = [], 0
        for line in lines:
            size += len(line)
            if size > WHOLE_MAX:
                raise TooLarge(
                    f"{path} is larger than {WHOLE_MAX:,} characters; write one JSON object a line"
                )
            pieces.append(line)
    try:
        found = msgspec.json.decode("".join(pieces))
    except msgspec.DecodeError as error:
        raise InputError(f"{path} is no JSON that can be read: {error}") from None
    del pieces
    yield from _of_value(found, path, notes)


def _of_value(found: object, path: Path, notes: list[str]) -> Iterator[Chunk]:
    rows = _rows_in(found)
    if rows is None and isinstance(found, dict):
        columns = _columns_in(found)
        if columns:
            yield columns
            return
        inner = [v for v in found.values() if isinstance(v, list)]
        rows = next((r for v in sorted(inner, key=len, reverse=True) if (r := _rows_in(v))), None)
    if rows is None and isinstance(found, dict):
        rows = [found]
    if rows is None:
        raise InputError(f"{path}: an array of objects, or an object of arrays, is needed to read a table")
    yield from _by_column(flat(r) for r in rows)


def _rows_in(found: object) -> list[Row] | None:
    """The rows of an array of objects, of arrays, or of plain numbers."""
    if not isinstance(found, list) or not found:
        return [] if found == [] else None
    if isinstance(found[0], dict):
        return [r for r in found if isinstance(r, dict)]
    if isinstance(found[0], list):
        return [{f"column {i}": c for i, c in enumerate(r, 1)} for r in found if isinstance(r, list)]
    return [{"value": v} for v in found]


def _columns_in(found: Row) -> Chunk:
    """The longest set of equally long arrays of plain values, wherever they stand in the document."""
    arrays: dict[str, list[Any]] = {}
    pending: list[tuple[str, object, int]] = [("", found, 0)]
    while pending:
        name, value, depth = pending.pop(0)
        if depth > DEPTH_MAX:
            continue
        if isinstance(value, dict):
            said = value.get("label") or value.get("name")
            inner = name if not (isinstance(said, str) and depth) else said
            lists = [k for k, v in value.items() if isinstance(v, list)]
            for k, v in value.items():
                only = depth and lists == [k] and k in _PLAIN and inner
                pending.append((inner if only else f"{inner}.{k}".lstrip("."), v, depth + 1))
        elif isinstance(value, list):
            if value and all(v is None or isinstance(v, int | float | str) for v in value):
                arrays[name] = value
            elif len(value) <= 1_000:
                pending.extend((name, v, depth + 1) for v in value if isinstance(v, dict))
    lengths = Counter(len(v) for v in arrays.values())
    if not lengths:
        return {}
    longest = max(lengths, key=lambda n: (n * lengths[n], n))
    return {k: v for k, v in arrays.items() if len(v) == longest} if longest > 1 else {}


def flat(row: Row, prefix: str = "", depth: int = 0) -> Row:
    """Return a row with the fields of inner objects under dotted names; arrays are left out.

    >>> flat({"a": 1, "usage": {"input": 3}, "ids": [1, 2]})
    {'a': 1, 'usage.input': 3}
    """
    found: Row = {}
    for key, value in row.items():
        if isinstance(value, dict):
            if depth < DEPTH_MAX:
                found.update(flat(value, f"{prefix}{key}.", depth + 1))
        elif not isinstance(value, list):
            found[f"{prefix}{key}"] = value
    return found


def _by_column(rows: Iterator[Row]) -> Iterator[Chunk]:
    while block := list(islice(rows, ROWS)):
        names = dict.fromkeys(name for row in block for name in row)
        yield {name: [row.get(name) for row in block] for name in names}
