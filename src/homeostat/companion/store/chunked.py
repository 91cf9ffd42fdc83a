"""Chunks of a list."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def chunked(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Return the items in lists of at most `size`.

    >>> list(chunked("memory", 4))
    [['m', 'e', 'm', 'o'], ['r', 'y']]
    """
    return (list(items[begin : begin + size]) for begin in range(0, len(items), size))
