"""The limits of what comes in: what a message may be, checked before anything is stored."""

from collections.abc import Sequence

import msgspec

from homeostat.companion.message import NewMessage
from homeostat.core.errors import InputError, TooLarge

TEXT_BYTES_MAX = 256 * 1_024
"""One message, as UTF-8. What is longer is a document: cut it into messages."""

NAME_CHARS_MAX = 256
"""Ids, talks and authors."""

AT_US_MAX = 253_402_300_800_000_000
"""The year 10,000."""

OFFSET_MIN_MAX = 24 * 60

K_MAX = 100
"""Memories that one search returns at most."""


def checked(message: NewMessage) -> NewMessage:
    """Return the message, or raise InputError that names the field and the remedy, and never the text.

    >>> checked(NewMessage(id="1", text=" ", at_us=0))
    Traceback (most recent call last):
    homeostat.core.errors.InputError: message '1' has no text: leave it out
    """
    _name("id", message.id)
    if not message.id:
        raise InputError("a message needs an id: any text that is unique for the person")
    if not message.text or message.text.isspace():
        raise InputError(f"message {message.id!r} has no text: leave it out")
    _text(f"text of message {message.id!r}", message.text)
    _name("talk", message.talk)
    _name("author", message.author)
    if not 0 <= message.at_us < AT_US_MAX:
        raise InputError(
            f"at_us of message {message.id!r} must be microseconds since 1970, UTC, not {message.at_us}"
        )
    if abs(message.offset_min) > OFFSET_MIN_MAX:
        raise InputError(
            f"offset_min of message {message.id!r} must be minutes ahead of UTC, within a day, "
            f"not {message.offset_min}"
        )
    return message


def checked_text(id: str, text: str) -> str:
    """Return the new text of a message that is edited, or raise InputError."""
    if not text or text.isspace():
        raise InputError(f"message {id!r} would have no text: remove it instead")
    _text(f"text of message {id!r}", text)
    return text


def checked_k(k: int) -> int:
    """Return how many memories are asked for, or raise InputError."""
    if not 0 <= k <= K_MAX:
        raise InputError(f"k must be from 0 to {K_MAX}, not {k}")
    return k


def text_bytes(messages: Sequence[NewMessage]) -> int:
    """Return how long the texts are, in characters at least and bytes at most four times as many."""
    return sum(len(message.text) for message in messages)


def _text(what: str, text: str) -> None:
    size_bytes = _size_bytes(what, text)
    if size_bytes > TEXT_BYTES_MAX:
        raise TooLarge(f"the {what} has {size_bytes} bytes; {TEXT_BYTES_MAX} are taken: cut it in parts")


def _name(field: str, value: str) -> None:
    _size_bytes(field, value)
    if len(value) > NAME_CHARS_MAX:
        raise InputError(f"{field} has {len(value)} characters; up to {NAME_CHARS_MAX} are taken")


def _size_bytes(what: str, value: str) -> int:
    if "\0" in value:
        raise InputError(f"the {what} holds a NUL character, which no store keeps: take it out")
    try:
        return len(value.encode())
    except UnicodeEncodeError:
        raise InputError(
            f"the {what} holds half of a surrogate pair, which is no character: take it out"
        ) from None


def from_mapping(values: object) -> NewMessage:
    """Return a checked message of what JSON or a row of a file gave; raise InputError."""
    try:
        return checked(msgspec.convert(values, NewMessage, strict=False))
    except msgspec.ValidationError as error:
        raise InputError(f"this is no message: {error}") from None
