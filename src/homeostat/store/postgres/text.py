"""Text as PostgreSQL can hold it: without half surrogate pairs, and without the character NUL."""

from homeostat.store.mend import plain_text


def storable(text: str) -> str:
    """Return the text with what cannot be held escaped.

    >>> storable("a\\x00b")
    'a\\\\x00b'
    """
    return plain_text(text).replace("\x00", "\\x00")
