"""Log rows: log records as a store writes them."""

from collections.abc import Sequence

import msgspec

from homeostat.core.span import LogRecord
from homeostat.store.mend import mended

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(LogRecord)

LogRow = tuple[int, bytes | None, bytes]
"""Time, trace if it has one, and the whole record as bytes."""


def log_rows(records: Sequence[LogRecord]) -> list[LogRow]:
    """Return one row for each record; what a row cannot hold is mended. Raises OverflowError."""
    try:
        return _encoded(records)
    except (OverflowError, UnicodeEncodeError):
        return _encoded(mended(records))


def _encoded(records: Sequence[LogRecord]) -> list[LogRow]:
    return [(r.time_ns, r.trace_id or None, _encoder.encode(r)) for r in records]


def log_record(body: bytes) -> LogRecord:
    """Return the record of one row."""
    return _decoder.decode(body)
