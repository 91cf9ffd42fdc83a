"""The walk: a way through rooms as frames, each a function of its number alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.palace.curve import Curve
from homeostat.companion.palace.grid import Grid
from homeostat.companion.palace.views import Point, Room

FRAMES_A_SECOND = 60
SPEED_MAX = 4.0
ACCELERATION_MAX = 4.0
"""In units a second, and a second squared; a room is some units wide."""

AHEAD = 2.0
"""One looks at the point that is so far ahead."""

SIGHT = 2.5
SEEN_MAX = 12
SEEN_EVERY = 12
"""What is near is looked up for every twelfth frame, five times a second."""

ORBIT = 12
DURATION_S_MAX = 600.0


@dataclass(frozen=True, slots=True)
class Frame:
    """What one sees at a moment: from where, looking where, in which room, and what is near (seqs)."""

    number: int
    at: Point
    look_at: Point
    room: str
    near: tuple[int, ...]


class Walk:
    """A walk through rooms that stand where they stood when it was made.

    `seqs` and `points` (n, 3) are the memories that may be seen on the way. It has `frames` frames; one that
    would take longer than `DURATION_S_MAX` ends on its way. One thread at a time uses it.
    """

    def __init__(self, rooms: list[Room], seqs: NDArray[np.int64], points: NDArray[np.float32]) -> None:
        self.rooms = rooms
        self._curve = Curve(_waypoints(rooms), SPEED_MAX, ACCELERATION_MAX)
        self.frames = int(min(self._curve.duration_s, DURATION_S_MAX) * FRAMES_A_SECOND) + 1
        self._centres = np.array([room.centre for room in rooms])
        self._seqs = seqs
        self._grid = Grid(points)
        self._seen: tuple[int, str, tuple[int, ...]] = (-1, "", ())

    def frame(self, number: int) -> Frame:
        """Return a frame; behind the last one it is the last."""
        number = min(max(number, 0), self.frames - 1)
        far = self._curve.gone(number / FRAMES_A_SECOND)
        room, near = self._around(number // SEEN_EVERY)
        at, look_at = self._curve.place(far), self._curve.place(far + AHEAD)
        return Frame(number, _rounded(at), _rounded(look_at), room, near)

    def _around(self, moment: int) -> tuple[str, tuple[int, ...]]:
        if self._seen[0] != moment:
            at = np.array(self._curve.place(self._curve.gone(moment * SEEN_EVERY / FRAMES_A_SECOND)))
            nearest = int(((self._centres - at) ** 2).sum(1).argmin())
            places = self._grid.nearest(at.astype(np.float32), SEEN_MAX)
            apart = np.linalg.norm(self._grid.points[places] - at, axis=1)
            near = tuple(self._seqs[places[apart <= SIGHT]].tolist())
            self._seen = (moment, self.rooms[nearest].id, near)
        return self._seen[1], self._seen[2]


def _waypoints(rooms: list[Room]) -> NDArray[np.float64]:
    """Return the middles of rooms; in a single room a circle about its middle."""
    centres = np.array([room.centre for room in rooms])
    if len(centres) > 1:
        apart = np.linalg.norm(np.diff(centres, axis=0), axis=1)
        centres = centres[np.concatenate([[True], apart > 1e-3])]
    if len(centres) > 1:
        return centres
    angle = np.linspace(0.0, 2.0 * np.pi, ORBIT + 1)[:, None]
    circle = np.concatenate([np.cos(angle), np.sin(angle), 0.0 * angle], axis=1)
    return np.asarray(centres[0] + max(rooms[0].radius, 0.5) * circle)


def _rounded(at: Point) -> Point:
    x, y, z = at
    return round(x, 3), round(y, 3), round(z, 3)
