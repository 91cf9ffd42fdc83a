"""Decoding: the text of a file whose encoding nobody told."""

import codecs

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32 stands before UTF-16, whose mark is the beginning of the other."""

SAMPLE_BYTES = 4_096


def decode(data: bytes) -> tuple[str, str] | None:
    """Return a file's text and the name of its encoding; None if it is not text.

    A byte order mark decides; then UTF-8, UTF-16 where every second byte of the beginning is zero, and
    Windows-1252 (with Latin-1 for the five bytes that it leaves out). Other bytes of zero are no text.

    >>> decode("naïve".encode("cp1252"))
    ('naïve', 'cp1252')
    >>> decode(bytes([0, 1, 2, 0, 0, 7])) is None
    True
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decoded(data, encoding)
    if b"\0" in data:
        sample = data[: min(len(data), SAMPLE_BYTES) // 2 * 2]
        for encoding, high in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
            if high.count(0) > 0.9 * len(high):
                return _decoded(data, encoding)
        return None
    return _decoded(data, "utf-8") or _decoded(data, "cp1252") or (data.decode("latin-1"), "latin-1")


def _decoded(data: bytes, encoding: str) -> tuple[str, str] | None:
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError:
        return None
