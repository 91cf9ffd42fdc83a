"""The limits of what the flow takes, beside those of the store (`store.accepted`)."""

from homeostat.companion.message import NewMessage
from homeostat.companion.store.accepted import checked_messages
from homeostat.core.errors import InputError

K_MAX = 100
"""Memories that one search returns at most."""

QUESTION_CHARS_MAX = 4_096
"""Characters of a text that are searched for; a longer one is found by its beginning."""


def checked(message: NewMessage) -> NewMessage:
    """Return a message that says something and can be kept, or raise InputError.

    The store would refuse it as well, but nobody's memory is to begin with what is refused.

    >>> checked(NewMessage(id="1", text=" ", at_us=0))
    Traceback (most recent call last):
    homeostat.core.errors.InputError: message '1' has no text: leave it out
    """
    if not isinstance(message, NewMessage):
        raise InputError(f"a {type(message).__name__} is no message")
    if not message.text or message.text.isspace():
        raise InputError(f"message {message.id!r} has no text: leave it out")
    checked_messages([message])
    return message


def checked_question(text: str) -> str:
    """Return what is searched for, or raise InputError."""
    if not text or text.isspace():
        raise InputError("there is nothing to search for: give some words")
    return text[:QUESTION_CHARS_MAX]


def checked_k(k: int) -> int:
    """Return how many memories are asked for, or raise InputError."""
    if not 0 <= k <= K_MAX:
        raise InputError(f"k must be from 0 to {K_MAX}, not {k}")
    return k
