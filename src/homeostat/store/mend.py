"""Mending: what a host put into a span or a log record and no file can hold, in a form that it can.

Only records that could not be encoded come here: one odd attribute must not cost a batch.
"""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from homeostat.core.span import LogRecord, Span, SpanEvent

Record = TypeVar("Record", Span, LogRecord)


def plain_text(text: str) -> str:
    """Return the text with half surrogate pairs, such as undecodable file names have, escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def mended(records: Sequence[Record]) -> list[Record]:
    """Return the records with half surrogate pairs escaped and attributes beyond 64 bits as text.

    Times and durations are left as they are: an impossible one is an error.

    >>> record = LogRecord(1, "web", "INFO", "file \\udcff", attributes={"n": 1 << 64})
    >>> mended([record])[0].name, mended([record])[0].attributes
    ('file \\\\udcff', {'n': '18446744073709551616'})
    """
    return [_struct(record) for record in records]


Struct = TypeVar("Struct", bound=msgspec.Struct)


def _struct(record: Struct) -> Struct:
    return type(record)(*(_field(getattr(record, name)) for name in record.__struct_fields__))


def _field(value: object) -> object:
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, dict):
        return {_field(k): _attribute(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(_struct(e) if isinstance(e, SpanEvent) else e for e in value)
    return _struct(value) if isinstance(value, msgspec.Struct) else value


def _attribute(value: object) -> object:
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return str(value)
    return _field(value)
