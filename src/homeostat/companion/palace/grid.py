"""The grid: points in space sorted by their cell, in numpy columns, where what is near is found.

A query looks at the cells that it touches: rows of cells along the last axis are runs of the sorted columns.
New points wait at the end unsorted, and are sorted in when they are many, so that to add one costs little.
"""

import math

import numpy as np
from numpy.typing import NDArray

PER_CELL = 2.0
CELLS_MAX = 64
"""A side has at most so many cells."""

WAITING_MIN = 256
WAITING_SHARE = 0.05
GROWTH = 1.6
WIDER = 1 + 1e-5


class Grid:
    """Points (n, 3) and where they are. Places are those of the points as they were given and added.

    Equal to looking at every point, boundaries included. Building costs O(n log n), 1 ms for 10,000.
    """

    def __init__(self, points: NDArray[np.float32]) -> None:
        self._points = np.ascontiguousarray(points, np.float32).reshape(-1, 3)
        self._size = len(self._points)
        self._sort()

    def __len__(self) -> int:
        return self._size

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return int(self._points.nbytes + self._order.nbytes + self._begins.nbytes + 3 * self._x.nbytes)

    @property
    def points(self) -> NDArray[np.float32]:
        """All points, by their place."""
        return self._points[: self._size]

    def add(self, points: NDArray[np.float32]) -> None:
        """Add points behind those that are there."""
        points = np.asarray(points, np.float32).reshape(-1, 3)
        size = self._size + len(points)
        if size > len(self._points):
            grown = np.empty((size + size // 2 + 16, 3), np.float32)
            grown[: self._size] = self._points[: self._size]
            self._points = grown
        self._points[self._size : size] = points
        self._size = size
        if size - self._sorted > max(WAITING_MIN, WAITING_SHARE * size):
            self._sort()

    def box(self, low: NDArray[np.float32], high: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the places, ascending, of the points from corner to corner."""
        low, high = np.asarray(low, np.float32), np.asarray(high, np.float32)
        runs = self._candidates(low, high)
        x, y, z = self._x[runs], self._y[runs], self._z[runs]
        inside = (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
        inside &= (z >= low[2]) & (z <= high[2])
        found = self._order[runs[inside]]
        waiting = self._points[self._sorted : self._size]
        if len(waiting):
            more = np.flatnonzero(((waiting >= low) & (waiting <= high)).all(1)) + self._sorted
            found = np.concatenate([found, more])
        return np.sort(found)

    def sphere(self, centre: NDArray[np.float32], radius: float) -> NDArray[np.int64]:
        """Return the places, ascending, of the points at most `radius` from the centre."""
        places, squares = self._around(np.asarray(centre, np.float32), radius)
        return np.sort(places[squares <= np.float32(radius) ** 2])

    def nearest(self, centre: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        """Return the places of the `k` points next to the centre, the nearest first."""
        centre = np.asarray(centre, np.float32)
        k = min(k, self._size)
        if k <= 0:
            return np.zeros(0, np.int64)
        radius = self._first_radius(centre, k)
        while True:
            places, squares = self._around(centre, radius)
            if len(places) >= k:
                farthest = math.sqrt(float(np.partition(squares, k - 1)[k - 1]))
                if farthest <= radius or len(places) == self._size:
                    break
                radius = farthest * WIDER
            else:
                radius *= GROWTH
        if len(places) > k:
            near = squares <= np.float32(farthest * WIDER) ** 2
            places, squares = places[near], squares[near]
        return places[np.lexsort((places, squares))[:k]]

    def _sort(self) -> None:
        points = self._points[: self._size]
        self._sorted = self._size
        side = int(np.clip(math.ceil((self._size / PER_CELL) ** (1 / 3)), 1, CELLS_MAX))
        self._side = side
        if self._size:
            self._low = points.min(0).astype(np.float64)
            extent = np.maximum(points.max(0).astype(np.float64) - self._low, 1e-6)
        else:
            self._low, extent = np.zeros(3), np.ones(3)
        self._per_unit = side / extent * (1 - 1e-9)
        self._cell = float((extent / side).max())
        cell = self._cells(points)
        flat = (cell[:, 0] * side + cell[:, 1]) * side + cell[:, 2]
        order = np.argsort(flat, kind="stable")
        self._order = order
        self._begins = np.searchsorted(flat[order], np.arange(side**3 + 1))
        self._x, self._y, self._z = (np.ascontiguousarray(points[order, axis]) for axis in range(3))

    def _cells(self, points: NDArray[np.float32]) -> NDArray[np.int64]:
        cells = np.floor((points - self._low) * self._per_unit)
        found: NDArray[np.int64] = np.clip(cells, 0, self._side - 1).astype(np.int64)
        return found

    def _candidates(self, low: NDArray[np.float32], high: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the places in the sorted columns of all points in cells that a box touches."""
        last = self._side - 1
        begin, end = [], []
        for axis in range(3):
            origin, scale = self._low[axis], self._per_unit[axis]
            begin.append(_cell((float(low[axis]) - origin) * scale, last))
            end.append(_cell((float(high[axis]) - origin) * scale, last))
        side = self._side
        rows = np.arange(begin[0], end[0] + 1)[:, None] * side + np.arange(begin[1], end[1] + 1)
        rows = rows.ravel() * side
        starts = self._begins[rows + begin[2]]
        lengths = self._begins[rows + end[2] + 1] - starts
        ends = np.cumsum(lengths)
        if len(ends) == 0:
            return ends
        found: NDArray[np.int64] = np.arange(ends[-1]) + np.repeat(starts - ends + lengths, lengths)
        return found

    def _around(
        self, centre: NDArray[np.float32], radius: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return places of points that may be in a sphere, and their squared distances."""
        reach = np.float32(radius * (1 + 1e-6) + 1e-9)
        runs = self._candidates(centre - reach, centre + reach)
        x, y, z = self._x[runs] - centre[0], self._y[runs] - centre[1], self._z[runs] - centre[2]
        squares = x * x + y * y + z * z
        places = self._order[runs]
        if self._sorted < self._size:
            apart = self._points[self._sorted : self._size] - centre
            x, y, z = apart[:, 0], apart[:, 1], apart[:, 2]
            squares = np.concatenate([squares, x * x + y * y + z * z])
            places = np.concatenate([places, np.arange(self._sorted, self._size)])
        return places, squares

    def _first_radius(self, centre: NDArray[np.float32], k: int) -> float:
        """Guess the radius that holds `k` points from how many are in the centre's cell."""
        last, flat, outside = self._side - 1, 0, 0.0
        for axis in range(3):
            at = (float(centre[axis]) - float(self._low[axis])) * float(self._per_unit[axis])
            outside = max(outside, -at, at - self._side)
            flat = flat * self._side + _cell(at, last)
        count = int(self._begins[flat + 1] - self._begins[flat]) + 0.5
        return self._cell * (outside + min(math.cbrt(k / count), 2.0))


def _cell(at: float, last: int) -> int:
    return 0 if not at > 0 else min(int(at), last) if at < last + 1 else last
