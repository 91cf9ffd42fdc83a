"""Routes: which rooms are neighbours, and the shortest way from one to another through neighbours."""

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.palace.views import Room

NEIGHBOURS = 4
STOPS_MAX = 32
STOPS_UNASKED = 8


class Routes:
    """The graph of rooms: each with the `NEIGHBOURS` nearest to it, and as many doors more as connect all.

    Built in O(n^2 log n) for n rooms.
    """

    def __init__(self, centres: NDArray[np.float64]) -> None:
        self._centres = centres
        n = len(centres)
        apart = np.sqrt(((centres[:, None, :] - centres[None, :, :]) ** 2).sum(-1))
        self._apart = apart
        doors: list[set[int]] = [set() for _ in range(n)]
        nearest = np.argsort(apart, axis=1, kind="stable")[:, 1 : NEIGHBOURS + 1]
        pairs = [(a, int(b)) for a in range(n) for b in nearest[a]] + _spanning(apart)
        for a, b in pairs:
            doors[a].add(b)
            doors[b].add(a)
        self.doors = tuple(tuple(sorted(each)) for each in doors)

    def apart(self, a: int, b: int) -> float:
        """Return how far two rooms are apart, straight through all walls."""
        return float(self._apart[a, b])

    def way(self, begin: int, end: int) -> list[int]:
        """Return the rooms on the shortest way, both ends among them (A*, the straight line as its bound)."""
        waiting = [(float(self._apart[begin, end]), 0.0, begin)]
        far = {begin: 0.0}
        before: dict[int, int] = {}
        while waiting:
            _, gone, room = heapq.heappop(waiting)
            if room == end:
                break
            if gone > far[room]:
                continue
            for next_room in self.doors[room]:
                reached = gone + float(self._apart[room, next_room])
                if reached < far.get(next_room, np.inf):
                    far[next_room], before[next_room] = reached, room
                    bound = reached + float(self._apart[next_room, end])
                    heapq.heappush(waiting, (bound, reached, next_room))
        way = [end]
        while way[-1] != begin:
            way.append(before[way[-1]])
        return way[::-1]

    def through(self, stops: Sequence[int]) -> list[int]:
        """Return the rooms on the way through all stops in their order."""
        way = list(stops[:1])
        for stop in stops[1:]:
            way += self.way(way[-1], stop)[1:]
        return way


def toured(rooms: Sequence[Room], ids: Sequence[str]) -> list[Room]:
    """Return the rooms on the way through those with these ids.

    Without ids: through the largest ones, from the largest always to the next that is nearest.
    """
    routes = Routes(np.array([room.centre for room in rooms]))
    number = {room.id: i for i, room in enumerate(rooms)}
    if ids:
        return [rooms[i] for i in routes.through([number[id] for id in ids])]
    waiting = sorted(range(len(rooms)), key=lambda i: -rooms[i].size)[:STOPS_UNASKED]
    stops = [waiting.pop(0)]
    while waiting:
        stops.append(min(waiting, key=lambda i: routes.apart(stops[-1], i)))
        waiting.remove(stops[-1])
    return [rooms[i] for i in routes.through(stops)]


def _spanning(apart: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the edges of the smallest tree that connects all (Prim)."""
    n = len(apart)
    pairs: list[tuple[int, int]] = []
    inside = np.zeros(n, bool)
    if n:
        inside[0] = True
    while len(pairs) < n - 1:
        distances = np.where(inside[:, None] & ~inside[None, :], apart, np.inf)
        a, b = divmod(int(distances.argmin()), n)
        inside[b] = True
        pairs.append((a, b))
    return pairs
