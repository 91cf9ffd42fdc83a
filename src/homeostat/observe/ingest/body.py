"""The body of a request: its compression undone, within a limit."""

import zlib

from homeostat.core.errors import InputError, TooLarge

MEMBERS = 64
"""Members of one gzip stream that are read; honest clients send one."""

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def decode_body(body: bytes, content_encoding: str | None, limit_bytes: int) -> bytes:
    """Return the body uncompressed (gzip, deflate or identity).

    Never holds more than `limit_bytes` of output, however small the input. Raises TooLarge past the
    limit, InputError for an unknown encoding or damaged data.
    """
    encoding = (content_encoding or "identity").strip().lower()
    if encoding in ("identity", ""):
        if len(body) > limit_bytes:
            raise TooLarge(
                f"a body of {len(body)} bytes is over the limit of {limit_bytes}; send smaller batches"
            )
        return body
    bits = _WINDOW_BITS.get(encoding)
    if bits is None:
        raise InputError(
            f"content-encoding {content_encoding!r} is not known; send gzip, deflate or identity"
        )
    try:
        return _inflate(body, bits, limit_bytes)
    except zlib.error as error:
        if encoding != "deflate":
            raise InputError(f"the body is not valid {encoding}: {error}") from None
    try:
        return _inflate(body, -15, limit_bytes)  # many clients send deflate without its zlib frame
    except zlib.error as error:
        raise InputError(f"the body is not valid deflate: {error}") from None


def _inflate(body: bytes, bits: int, limit_bytes: int) -> bytes:
    """Undo one or more members of a stream (gzip allows several)."""
    parts: list[bytes] = []
    room = limit_bytes
    rest = body
    for _ in range(MEMBERS):
        stream = zlib.decompressobj(bits)
        part = stream.decompress(rest, room + 1)
        if len(part) > room:
            raise TooLarge(f"the body is over {limit_bytes} bytes uncompressed; send smaller batches")
        if not stream.eof:
            raise zlib.error("the data ends too early")
        parts.append(part)
        room -= len(part)
        rest = stream.unused_data
        if bits != 31 or not rest.startswith(b"\x1f\x8b"):
            return b"".join(parts)
    raise zlib.error(f"more than {MEMBERS} members")
