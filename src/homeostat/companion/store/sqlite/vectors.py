"""Vectors: rows of int8 in blocks, each row at its seq's own place, so that one more row writes one page.

Block b of a kind holds the seqs from 64 b to 64 b + 63; a mask says which of them are there. The rows of a
block are all of int8 or all compact; their length tells.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import apsw
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.store.accepted import checked_rows
from homeostat.companion.store.compact_rows import compacted, expanded
from homeostat.companion.store.sqlite.handle import Handle, rows_of

BLOCK = 64


class SqliteVectors:
    """Rows of one person, by kind."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def put(self, kind: str, model: str, seqs: Sequence[int], rows: NDArray[np.int8]) -> None:
        """Keep rows (n, d); a row that was there is replaced, so is the whole kind when `model` differs."""
        checked_rows(kind, rows, len(seqs))
        given = dict(zip(map(int, seqs), rows, strict=True))
        if not given:
            return
        wanted = apsw.carray(np.fromiter(given, np.int64, len(given)))
        with self._handle.writing() as connection:
            kept = rows_of(
                connection, "SELECT seq FROM messages WHERE seq IN carray(?) ORDER BY seq", (wanted,)
            )
            number = kind_of(connection, kind, model, rows.shape[1])
            keep_rows(connection, number, {seq: given[seq] for (seq,) in kept})

    def load(self, kind: str, model: str, after: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Return seqs (n) ascending and rows (n, d) that follow `after`; empty where another model made them.

        What is read is whole blocks: at most 63 rows more than are returned.
        """
        found = self._handle.rows(
            "SELECT kind, dimensions FROM kinds WHERE name = ? AND model = ?", (kind, model)
        )
        if not found:
            return np.empty(0, np.int64), np.empty((0, 0), np.int8)
        ((number, dimensions),) = found
        blocks = self._handle.rows(
            "SELECT number, present, rows FROM blocks WHERE kind = ? AND number >= ? ORDER BY number",
            (number, (after + 1) // BLOCK),
        )
        present = np.frombuffer(b"".join(mask for _, mask, _ in blocks), np.uint8).astype(bool)
        first = np.array([block for block, _, _ in blocks], np.int64) * BLOCK
        seqs = (first[:, None] + np.arange(BLOCK)).reshape(-1)
        present &= seqs > after
        return seqs[present], _read_bodies([body for _, _, body in blocks], dimensions)[present]

    def compact(self, kind: str, before: int, limit: int) -> int:
        """Keep rows of seqs below `before` in a third of the bytes from now on; they load coarser."""
        with self._handle.writing() as connection:
            blocks = rows_of(
                connection,
                "SELECT block, dimensions, rows FROM blocks JOIN kinds USING (kind) WHERE name = ?"
                " AND number < ? AND dimensions > 1 AND length(rows) = dimensions * ? LIMIT ?",
                (kind, before // BLOCK, BLOCK, max(1, limit // BLOCK)),
            )
            for block, dimensions, body in blocks:
                rows = np.frombuffer(body, np.int8).reshape(BLOCK, dimensions)
                connection.execute(
                    "UPDATE blocks SET rows = ? WHERE block = ?", (compacted(rows).tobytes(), block)
                )
        return len(blocks) * BLOCK


def keep_rows(connection: apsw.Connection, kind: int, rows: Mapping[int, NDArray[np.int8]]) -> None:
    """Put rows of messages into their blocks, by seqs in ascending order."""
    for block, members in groupby(rows, lambda seq: seq // BLOCK):
        _write(connection, kind, block, {seq % BLOCK: rows[seq] for seq in members})


def remove_rows(connection: apsw.Connection, seqs: Iterable[int]) -> None:
    """Take the rows of messages out of every kind."""
    for seq in seqs:
        for block, length in rows_of(
            connection, "SELECT block, length(rows) FROM blocks WHERE number = ?", (seq // BLOCK,)
        ):
            _patch(connection, "present", block, seq % BLOCK, b"\0")
            _patch(connection, "rows", block, seq % BLOCK * (length // BLOCK), bytes(length // BLOCK))


def _read_bodies(bodies: Sequence[bytes], dimensions: int) -> NDArray[np.int8]:
    """Return the rows of blocks, those that are there and the places of others, (n, dimensions)."""
    full = BLOCK * dimensions
    if all(len(body) == full for body in bodies):
        return np.frombuffer(b"".join(bodies), np.int8).reshape(-1, dimensions)
    rows = np.empty((len(bodies), BLOCK, dimensions), np.int8)
    for place, body in enumerate(bodies):
        if len(body) == full:
            rows[place] = np.frombuffer(body, np.int8).reshape(BLOCK, dimensions)
        else:
            rows[place] = expanded(np.frombuffer(body, np.uint8).reshape(BLOCK, -1), dimensions)
    return rows.reshape(-1, dimensions)


def kind_of(connection: apsw.Connection, kind: str, model: str, dimensions: int) -> int:
    """Return the number of a kind, empty from now on where another model made its rows."""
    found = rows_of(connection, "SELECT kind, model, dimensions FROM kinds WHERE name = ?", (kind,))
    if found:
        ((number, *made_by),) = found
        if made_by == [model, dimensions]:
            return int(number)
        connection.execute("DELETE FROM blocks WHERE kind = ?", (number,))
        connection.execute("DELETE FROM kinds WHERE kind = ?", (number,))
    connection.execute(
        "INSERT INTO kinds (name, model, dimensions) VALUES (?, ?, ?)", (kind, model, dimensions)
    )
    return connection.last_insert_rowid()


def _write(connection: apsw.Connection, kind: int, number: int, rows: dict[int, NDArray[np.int8]]) -> None:
    dimensions = len(next(iter(rows.values())))
    found = rows_of(
        connection, "SELECT block, length(rows) FROM blocks WHERE kind = ? AND number = ?", (kind, number)
    )
    if not found:
        present, body = bytearray(BLOCK), np.zeros((BLOCK, dimensions), np.int8)
        for place, row in rows.items():
            present[place] = 1
            body[place] = row
        connection.execute(
            "INSERT INTO blocks (kind, number, present, rows) VALUES (?, ?, ?, ?)",
            (kind, number, present, body.tobytes()),
        )
        return
    ((block, length),) = found
    whole = length == BLOCK * dimensions
    for place, row in rows.items():
        value = row.tobytes() if whole else compacted(row[None]).tobytes()
        _patch(connection, "present", block, place, b"\1")
        _patch(connection, "rows", block, place * len(value), value)


def _patch(connection: apsw.Connection, column: str, block: int, offset: int, value: bytes) -> None:
    with connection.blob_open("main", "blocks", column, block, True) as blob:
        blob.seek(offset)
        blob.write(value)
