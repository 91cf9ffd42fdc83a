"""The segment: how a table of points becomes two blobs of one row in the file, and back.

The rows come first and the bins apart, so that a page reads a day of summaries without touching a
histogram. A small segment keeps its rows as they are in memory; from `PACKED_MIN` rows on each column is
compressed by itself where that pays, and left alone where it does not (the mantissas of measured numbers
do not shrink, and are most of what unpacking costs). See docs/decisions/0003-store.md for the figures.
"""

import zlib

import msgspec
import numpy as np

from homeostat.store.bins import NO_HISTOGRAM, Bins, Ints, no_bins
from homeostat.store.points import ROW, Points, Rows

PACKED_MIN = 2_048
"""Rows from which on a segment is packed by column."""

PAYS_BELOW = 0.6
ZLIB_LEVEL = 1


class DamagedBlob(ValueError):
    """A blob is not what was written."""


_columns = msgspec.msgpack.Decoder(list[tuple[bool, bytes]])
_typed = msgspec.msgpack.Decoder(tuple[tuple[str, bytes], tuple[str, bytes], tuple[str, bytes]])


def encode_rows(rows: Rows) -> tuple[bool, bytes]:
    """Return whether the rows are packed, and their bytes."""
    if rows.size < PACKED_MIN:
        return False, rows.tobytes()
    return True, msgspec.msgpack.encode([_packed_column(rows[name].tobytes()) for name in ROW.names or ()])


def _packed_column(raw: bytes) -> tuple[bool, bytes]:
    small = zlib.compress(raw, ZLIB_LEVEL)
    return (True, small) if len(small) < PAYS_BELOW * len(raw) else (False, raw)


def decode_rows(packed: bool, blob: bytes, into: Rows) -> None:
    """Read the rows of one segment into a table of exactly its length. Raises DamagedBlob."""
    try:
        if not packed:
            into[:] = np.frombuffer(blob, dtype=ROW)
            return
        for name, (compressed, column) in zip(ROW.names or (), _columns.decode(blob), strict=True):
            width = ROW[name]
            raw = zlib.decompress(column, bufsize=into.size * width.itemsize) if compressed else column
            into[name] = np.frombuffer(raw, dtype=width)
    except (ValueError, zlib.error) as error:
        raise DamagedBlob(f"rows: {error}") from error


def encode_bins(points: Points) -> bytes | None:
    """Return the bins as bytes, None if no row has a histogram."""
    held = np.flatnonzero(points.rows["scale"] != NO_HISTOGRAM)
    if held.size == 0:
        return None
    bins = points.bins
    lengths = np.bincount(bins.row, minlength=points.rows.size)[held]
    steps = np.diff(bins.key, prepend=0)
    return zlib.compress(
        msgspec.msgpack.encode([_narrow(lengths), _narrow(steps), _narrow(bins.count)]), ZLIB_LEVEL
    )


def _narrow(values: Ints) -> tuple[str, bytes]:
    """Return the values in the smallest type that holds them."""
    if values.size == 0:
        return "|i1", b""
    kind = np.promote_types(np.min_scalar_type(values.min()), np.min_scalar_type(values.max()))
    kind = kind if kind.kind in "iu" else np.dtype(np.int64)
    return kind.newbyteorder("<").str, values.astype(kind).tobytes()


def decode_bins(blob: bytes | None, rows: Rows) -> Bins:
    """Return the bins that belong to the rows of one segment. Raises DamagedBlob."""
    if blob is None:
        return no_bins()
    try:
        lengths, steps, counts = (
            np.frombuffer(raw, dtype=np.dtype(kind)).astype(np.int64)
            for kind, raw in _typed.decode(zlib.decompress(blob))
        )
    except (ValueError, TypeError, zlib.error) as error:
        raise DamagedBlob(f"bins: {error}") from error
    held = np.flatnonzero(rows["scale"] != NO_HISTOGRAM)
    if lengths.size != held.size or steps.size != counts.size or lengths.sum() != steps.size:
        raise DamagedBlob("bins do not fit their rows")
    return Bins(np.repeat(held, lengths), np.cumsum(steps), counts)
