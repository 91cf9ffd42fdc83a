"""The repetition: a text of a library that stands in several places."""

from typing import Literal

import msgspec


class Place(msgspec.Struct, frozen=True):
    """Lines of a module, from 1, both ends included."""

    path: str
    first: int
    last: int


class Duplicate(msgspec.Struct, frozen=True):
    """A text that stands in several places; for `near` ones the texts of the places differ a little.

    `likeness` is the Jaccard index of their runs of three words, 1 where they are the same.
    """

    kind: Literal["block", "run", "near"]
    text: str
    places: tuple[Place, ...]
    likeness: float = 1.0
