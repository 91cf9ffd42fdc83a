"""How a room looks: its colour and its shape, which last for as long as the room does."""

from typing import NamedTuple

COLOURS = 8
SHAPES = ("circle", "diamond", "square", "circle-open", "diamond-open")
"""As the plotting library calls them; it draws letters, and those of its other shapes are in few fonts.

Eight colours and five shapes make 40 pairs before one comes again."""


class RoomLook(NamedTuple):
    """The number of a colour, from 0, and a shape."""

    colour: int
    shape: str


def look_of(room: str) -> RoomLook:
    """Return the look of a room by its id.

    >>> look_of("topic-9")
    RoomLook(colour=1, shape='diamond-open')
    """
    _, _, number = room.partition("-")
    at = int(number) if number.isdecimal() else 0
    return RoomLook(at % COLOURS, SHAPES[at % len(SHAPES)])
