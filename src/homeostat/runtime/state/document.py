"""The document: some fields under a key, with a version that grows by one with each change."""

from typing import Any

import msgspec

from homeostat.core.errors import HomeostatError, InputError, StoreCorrupt

VALUE_BYTES_MAX = 1 << 20


class Conflict(HomeostatError):
    """A document was changed by another one meanwhile, and the policy resolves that by refusing."""


class Document(msgspec.Struct, frozen=True, array_like=True):
    """A document as it is kept. `at_ns` is the wall time of the change, `by` the process that made it."""

    version: int
    at_ns: int
    by: str
    value: dict[str, Any]


_decoder = msgspec.msgpack.Decoder(Document)
_bare = msgspec.msgpack.Decoder(dict[str, Any])


def encoded(document: Document, key: str) -> bytes:
    """Return a document as bytes. Raises InputError where it is too large, or nothing that msgpack holds."""
    try:
        blob = msgspec.msgpack.encode(document)
    except (TypeError, OverflowError, UnicodeEncodeError):
        raise InputError(f"document {key!r} has a field that cannot be written down") from None
    if len(blob) > VALUE_BYTES_MAX:
        raise InputError(
            f"document {key!r} takes {len(blob)} bytes, and {VALUE_BYTES_MAX} is all that is taken"
        )
    return blob


def decoded(blob: bytes, key: str) -> Document:
    """Return a document from bytes; bare fields, as they were kept without versions, are version 0."""
    try:
        if blob[:1] and blob[0] >> 4 == 0x9:  # an array of up to 15
            return _decoder.decode(blob)
        return Document(0, 0, "", _bare.decode(blob))
    except msgspec.MsgspecError:
        raise StoreCorrupt(f"document {key!r} cannot be read: set it anew") from None
