"""What is accepted: names of people, and messages on their way in; the same for every form of the store."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import NewMessage
from homeostat.core.errors import InputError, TooLarge

NAME_BYTES_MAX = 256
TEXT_BYTES_MAX = 1 << 20
YEAR_9999_US = 253_402_300_800_000_000
OFFSET_MIN_MAX = 24 * 60


def checked_person(person: str) -> str:
    """Return a person's name: 1 to 256 bytes of UTF-8 without NUL. Raises InputError."""
    _checked(person, "a person's name")
    if not person:
        raise InputError("a person's name is empty")
    return person


def checked_messages(messages: Sequence[NewMessage]) -> Sequence[NewMessage]:
    """Return messages that can be kept.

    Raises InputError, TooLarge for a text above 1 MiB of UTF-8. A text may hold any character, NUL too; ids,
    talks and authors have up to 256 bytes without NUL, and an id is not empty.
    """
    for message in messages:
        if not isinstance(message, NewMessage):  # a scene of a dream, say, must not pass for a memory
            raise InputError(f"a {type(message).__name__} is no message")
        checked_id(message.id)
        _checked(message.talk, "a talk's name")
        _checked(message.author, "an author's name")
        checked_text(message.id, message.text)
        checked_time(message.id, message.at_us)
        if not -OFFSET_MIN_MAX <= message.offset_min <= OFFSET_MIN_MAX:
            raise InputError(
                f"message {message.id!r} has the time zone's offset {message.offset_min} minutes; "
                f"it takes {-OFFSET_MIN_MAX} to {OFFSET_MIN_MAX}"
            )
    return messages


def checked_id(id: str) -> str:
    """Return a message's id. Raises InputError."""
    _checked(id, "a message's id")
    if not id:
        raise InputError("a message's id is empty")
    return id


def checked_text(id: str, text: str) -> str:
    """Return a text of up to 1 MiB. Raises TooLarge, InputError."""
    if len(text) <= TEXT_BYTES_MAX and text.isascii():
        return text
    size_bytes = _utf8_bytes(text, f"the text of message {id!r}")
    if size_bytes > TEXT_BYTES_MAX:
        raise TooLarge(
            f"the text of message {id!r} has {size_bytes} bytes, {TEXT_BYTES_MAX} are taken: divide it"
        )
    return text


def checked_time(id: str, at_us: int) -> int:
    """Return a moment between the years 1 and 9999. Raises InputError."""
    if not -62_135_596_800_000_000 <= at_us < YEAR_9999_US:
        raise InputError(
            f"message {id!r} has the time {at_us}, which is not in the years 1 to 9999: "
            "it takes microseconds since 1970, UTC"
        )
    return at_us


def checked_rows(kind: str, rows: NDArray[np.int8], count: int) -> NDArray[np.int8]:
    """Return one row of int8 for each of so many messages. Raises InputError."""
    if rows.ndim != 2 or len(rows) != count or rows.dtype != np.int8 or rows.shape[1] == 0:
        raise InputError(
            f"{count} rows of int8 were expected for {kind!r}; these are {rows.shape} of {rows.dtype}"
        )
    return rows


def _checked(text: str, what: str) -> None:
    size_bytes = _utf8_bytes(text, what)
    if size_bytes > NAME_BYTES_MAX:
        raise InputError(f"{what} has {size_bytes} bytes; up to {NAME_BYTES_MAX} are taken")
    if "\0" in text:
        raise InputError(f"{what} holds NUL")


def _utf8_bytes(text: str, what: str) -> int:
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise InputError(f"{what} has half of a surrogate pair at character {error.start}") from None
