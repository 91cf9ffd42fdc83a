"""Vectors: rows of int8 in sealed blocks of 16, so that one more row writes a few kilobytes.

Block b of a kind holds the seqs from 16 b to 16 b + 15: first a mask that says which of them are there, one
byte each, then their rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.store.accepted import checked_rows
from homeostat.companion.store.compact_rows import compacted, expanded
from homeostat.companion.store.postgres.handle import Handle, Rows
from homeostat.companion.store.postgres.schema import SCHEMA
from homeostat.companion.store.postgres.seal import Seal

BLOCK = 16

_KIND = (
    f"SELECT dimensions FROM {SCHEMA}.kinds"  # noqa: S608
    " WHERE person = %(person)s AND kind = %(kind)s AND model = %(model)s"
)
_KEEP_KIND = (
    f"INSERT INTO {SCHEMA}.kinds"  # noqa: S608
    " VALUES (%(person)s, %(kind)s, %(model)s, %(dimensions)s) ON CONFLICT (person, kind)"
    " DO UPDATE SET model = excluded.model, dimensions = excluded.dimensions"
)
_REMOVE = f"DELETE FROM {SCHEMA}.vectors WHERE person = %(person)s AND kind = %(kind)s"  # noqa: S608
_BLOCKS = (
    f"SELECT block, body FROM {SCHEMA}.vectors"  # noqa: S608
    " WHERE person = %(person)s AND kind = %(kind)s AND block = ANY(%(blocks)s::integer[])"
)
_KEEP = (
    f"INSERT INTO {SCHEMA}.vectors SELECT %(person)s, %(kind)s, *"  # noqa: S608
    " FROM unnest(%(blocks)s::integer[], %(bodies)b::bytea[])"
    " ON CONFLICT (person, kind, block) DO UPDATE SET body = excluded.body"
)


class PostgresVectors:
    """Rows of one person, by kind."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def put(self, kind: str, model: str, seqs: Sequence[int], rows: NDArray[np.int8]) -> None:
        """Keep rows (n, d); a row that was there is replaced, so is the whole kind when `model` differs."""
        checked_rows(kind, rows, len(seqs))
        given = dict(zip(map(int, seqs), rows, strict=True))
        if not given:
            return
        with self._handle.writing() as (transaction, _):
            number = kind_of(transaction, self._handle.seal, kind, model, rows.shape[1])
            kept = transaction.all(
                f"SELECT seq FROM {SCHEMA}.messages"  # noqa: S608
                " WHERE person = %(person)s AND seq = ANY(%(seqs)s::bigint[]) ORDER BY seq",
                seqs=list(given),
            )
            keep_rows(transaction, self._handle.seal, number, {seq: given[seq] for (seq,) in kept})

    def load(self, kind: str, model: str, after: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Return seqs (n) ascending and rows (n, d) that follow `after`; empty where another model made them.

        What is read is whole blocks: at most 15 rows more than are returned.
        """
        seal = self._handle.seal
        number = seal.number(b"kind", kind)
        with self._handle.reading() as transaction:
            found = transaction.all(_KIND, kind=number, model=seal.number(b"model", model))
            if not found:
                return np.empty(0, np.int64), np.empty((0, 0), np.int8)
            blocks = transaction.all(
                f"SELECT block, body FROM {SCHEMA}.vectors"  # noqa: S608
                " WHERE person = %(person)s AND kind = %(kind)s AND block >= %(first)s ORDER BY block",
                kind=number,
                first=max(0, after + 1) // BLOCK,
            )
        dimensions = int(found[0][0])
        whole = np.empty((len(blocks), BLOCK * (1 + dimensions)), np.int8)
        for place, (block, body) in enumerate(blocks):
            whole[place] = _whole(_opened(seal, number, block, body), dimensions)
        seqs = (
            np.array([block for block, _ in blocks], np.int64)[:, None] * BLOCK + np.arange(BLOCK)
        ).reshape(-1)
        present = (whole[:, :BLOCK].reshape(-1) != 0) & (seqs > after)
        return seqs[present], whole[:, BLOCK:].reshape(-1, dimensions)[present]

    def compact(self, kind: str, before: int, limit: int) -> int:
        """Keep rows of seqs below `before` in a third of the bytes from now on; they load coarser."""
        seal = self._handle.seal
        number = seal.number(b"kind", kind)
        with self._handle.writing() as (transaction, _):
            blocks = transaction.all(
                f"SELECT block, body, dimensions FROM {SCHEMA}.vectors"  # noqa: S608
                f" JOIN {SCHEMA}.kinds USING (person, kind) WHERE person = %(person)s AND kind = %(kind)s"
                " AND block < %(end)s AND dimensions > 1"
                " AND octet_length(body) >= %(rows)s * (dimensions + 1)"
                " LIMIT %(most)s",
                kind=number,
                end=max(0, before) // BLOCK,
                rows=BLOCK,
                most=max(1, limit // BLOCK),
            )
            bodies = [
                seal.close(
                    _compact(_opened(seal, number, block, body), int(dimensions)), _place(number, block)
                )
                for block, body, dimensions in blocks
            ]
            if blocks:
                transaction.do(_KEEP, kind=number, blocks=[block for block, _, _ in blocks], bodies=bodies)
        return len(blocks) * BLOCK


def kind_of(rows: Rows, seal: Seal, kind: str, model: str, dimensions: int) -> int:
    """Return the number of a kind, empty from now on where another model made its rows."""
    number, of_model = seal.number(b"kind", kind), seal.number(b"model", model)
    if rows.all(_KIND, kind=number, model=of_model) != [(dimensions,)]:
        rows.do(_REMOVE, kind=number)
        rows.do(_KEEP_KIND, kind=number, model=of_model, dimensions=dimensions)
    return number


def keep_rows(rows: Rows, seal: Seal, kind: int, given: Mapping[int, NDArray[np.int8]]) -> None:
    """Put rows of messages into their blocks, by seqs in ascending order."""
    changes = {
        block: {seq % BLOCK: given[seq] for seq in members}
        for block, members in groupby(given, lambda seq: seq // BLOCK)
    }
    if changes:
        _patch(rows, seal, kind, len(next(iter(given.values()))), changes)


def remove_rows(rows: Rows, seal: Seal, seqs: Iterable[int]) -> None:
    """Take the rows of messages out of every kind."""
    gone = {
        block: {seq % BLOCK: None for seq in members}
        for block, members in groupby(sorted(seqs), lambda seq: seq // BLOCK)
    }
    kinds = rows.all(f"SELECT kind, dimensions FROM {SCHEMA}.kinds WHERE person = %(person)s")  # noqa: S608
    for kind, dimensions in kinds:
        _patch(rows, seal, kind, dimensions, gone, make=False)


def _patch(
    rows: Rows,
    seal: Seal,
    kind: int,
    dimensions: int,
    changes: "dict[int, dict[int, NDArray[np.int8]]] | dict[int, dict[int, None]]",
    *,
    make: bool = True,
) -> None:
    """Change rows in their blocks, None to remove one; `make` makes blocks that are not there."""
    opened = {
        block: _opened(seal, kind, block, body)
        for block, body in rows.all(_BLOCKS, kind=kind, blocks=list(changes))
    }
    found = {block: _whole(body, dimensions) for block, body in opened.items()}
    small = {block for block, body in opened.items() if len(body) < BLOCK * (1 + dimensions)}
    if make:
        found |= {
            block: np.zeros(BLOCK * (1 + dimensions), np.int8) for block in changes if block not in found
        }
    for block, whole in found.items():
        places = whole[BLOCK:].reshape(BLOCK, dimensions)
        for place, row in changes[block].items():
            whole[place] = row is not None
            places[place] = 0 if row is None else row
    if found:
        bodies = []
        for block, whole in found.items():
            body = whole.tobytes()
            body = _compact(body, dimensions) if block in small else body
            bodies.append(seal.close(body, _place(kind, block)))
        rows.do(_KEEP, kind=kind, blocks=list(found), bodies=bodies)


def _whole(body: bytes, dimensions: int) -> NDArray[np.int8]:
    """Return a mask and the rows behind it as int8, whichever form they have."""
    if len(body) == BLOCK * (1 + dimensions):
        return np.frombuffer(body, np.int8).copy()
    rows = np.frombuffer(body, np.uint8, offset=BLOCK).reshape(BLOCK, -1)
    return np.concatenate((np.frombuffer(body, np.int8, BLOCK), expanded(rows, dimensions).reshape(-1)))


def _compact(body: bytes, dimensions: int) -> bytes:
    """Return a mask and rows of int8 with their rows made compact."""
    rows = np.frombuffer(body, np.int8, offset=BLOCK).reshape(BLOCK, dimensions)
    return body[:BLOCK] + compacted(rows).tobytes()


def _place(kind: int, block: int) -> str:
    return f"vectors {kind} {block}"


def _opened(seal: Seal, kind: int, block: int, body: bytes) -> bytes:
    return seal.open(body, _place(kind, block))
