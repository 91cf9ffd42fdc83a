"""The curve: a smooth way through points, walked at a bounded speed with a bounded acceleration."""

import math
from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.palace.views import Point

SAMPLES = 48
"""Samples between two points, from which lengths and bends are taken."""

SAFE = 0.88
"""What is planned with the samples keeps the bounds between them too."""


class Curve:
    """A Catmull-Rom spline with centripetal knots (Barry and Goldman 1988; no loops or cusps, Yuksel 2011).

    It starts and ends at rest. Where it bends it is walked more slowly: the acceleration along the curve and
    the one across it are each kept to `acceleration_max` / sqrt(2), in units a second squared, by one sweep
    forward and one back over the samples.
    """

    def __init__(self, points: NDArray[np.float64], speed_max: float, acceleration_max: float) -> None:
        coefficients = _cubics(points)
        pieces = len(coefficients)
        along = np.tile(np.linspace(0.0, 1.0, SAMPLES), pieces)[:, None]
        piece = np.repeat(np.arange(pieces), SAMPLES)
        first, second = _derivatives(coefficients[piece], along)
        pace = np.maximum(np.linalg.norm(first, axis=1), 1e-9)
        middle, _ = _derivatives(coefficients[piece], along + 0.5 / (SAMPLES - 1))
        between = np.linalg.norm(middle, axis=1)
        step = (pace[:-1] + 4.0 * between[:-1] + pace[1:]) / (6.0 * (SAMPLES - 1))
        step[SAMPLES - 1 :: SAMPLES] = 0.0
        self._far = np.concatenate([[0.0], np.cumsum(step)]).tolist()
        self._at = (piece + along[:, 0]).tolist()
        self._piece = piece.tolist()
        self._axes = coefficients.transpose(0, 2, 1).tolist()
        self._turned = (1.0 / pace).tolist()
        bend = np.linalg.norm(np.cross(first, second), axis=1) / pace**3
        self._plan(_with_joints(bend), step, speed_max, acceleration_max / np.sqrt(2.0))

    @property
    def length(self) -> float:
        """How long it is."""
        return float(self._far[-1])

    @property
    def duration_s(self) -> float:
        """How long it takes to walk."""
        return float(self._time[-1])

    def gone(self, time_s: float) -> float:
        """Return how far one has come at a time."""
        time_s = min(max(time_s, 0.0), self._time[-1])
        i = min(bisect_right(self._time, time_s) - 1, len(self._time) - 2)
        since, span = time_s - self._time[i], self._time[i + 1] - self._time[i]
        begin, end = self._speed[i], self._speed[i + 1]
        way = self._far[i + 1] - self._far[i]
        full = (begin + end) / 2 * span
        way_now = begin * since + (end - begin) * since * since / (2 * span) if span > 0 else 0.0
        return float(self._far[i] + (way_now * way / full if full > 0 else 0.0))

    def place(self, far: float) -> Point:
        """Return the point at a distance from the beginning; beyond the end straight on."""
        beyond = max(far - self._far[-1], 0.0)
        far = min(max(far, 0.0), self._far[-1])
        i = min(bisect_right(self._far, far) - 1, len(self._far) - 2)
        along = self._along(i, far)
        x, y, z = (((a * along + b) * along + c) * along + d for a, b, c, d in self._axes[self._piece[i]])
        if not beyond:
            return x, y, z
        u, v, w = ((3 * a * along + 2 * b) * along + c for a, b, c, _ in self._axes[self._piece[i]])
        step = beyond / max(math.sqrt(u * u + v * v + w * w), 1e-9)
        return x + step * u, y + step * v, z + step * w

    def _along(self, i: int, far: float) -> float:
        """Return the parameter of the piece at a distance behind sample `i`, by a cubic: speed is smooth."""
        step = self._far[i + 1] - self._far[i]
        begin, end = self._at[i] - self._piece[i], self._at[i + 1] - self._piece[i]
        if step <= 0.0:
            return float(begin)
        x = (far - self._far[i]) / step
        out, into = self._turned[i] * step, self._turned[i + 1] * step
        way = end - begin
        return float(begin + x * (out + x * (3 * way - 2 * out - into + x * (out + into - 2 * way))))

    def _plan(
        self, bend: NDArray[np.float64], step: NDArray[np.float64], speed_max: float, most: float
    ) -> None:
        most *= SAFE
        speed = np.minimum(speed_max * SAFE, np.sqrt(most / np.maximum(bend, 1e-9)))
        speed[0] = speed[-1] = 0.0
        for i in range(1, len(speed)):
            speed[i] = min(speed[i], np.sqrt(speed[i - 1] ** 2 + 2 * most * step[i - 1]))
        for i in range(len(speed) - 2, -1, -1):
            speed[i] = min(speed[i], np.sqrt(speed[i + 1] ** 2 + 2 * most * step[i]))
        mean = (speed[1:] + speed[:-1]) / 2
        spans = np.where(mean > 0, step / np.maximum(mean, 1e-12), 0.0)
        self._time = np.concatenate([[0.0], np.cumsum(spans)]).tolist()
        self._speed = speed.tolist()


def _cubics(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coefficients (pieces, 4, 3) of the cubic between each two points, highest power first."""
    padded = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    knots = np.sqrt(np.linalg.norm(np.diff(padded, axis=0), axis=1))
    knots = np.maximum(knots, 1e-4)[:, None]
    slope = np.diff(padded, axis=0) / knots
    before, span, after = knots[:-2], knots[1:-1], knots[2:]
    begin, end = padded[1:-2], padded[2:-1]
    bent_in = slope[:-2] - (padded[2:-1] - padded[:-3]) / (before + span) + slope[1:-1]
    bent_out = slope[1:-1] - (padded[3:] - padded[1:-2]) / (span + after) + slope[2:]
    out, into = bent_in * span, bent_out * span
    found: NDArray[np.float64] = np.stack(
        [2 * begin - 2 * end + out + into, -3 * begin + 3 * end - 2 * out - into, out, begin], axis=1
    )
    return found


def _derivatives(
    coefficients: NDArray[np.float64], along: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the first and second derivatives of cubics (n, 4, 3) at parameters (n, 1)."""
    a, b, c, _ = np.moveaxis(coefficients, 1, 0)
    return (3 * a * along + 2 * b) * along + c, 6 * a * along + 2 * b


def _with_joints(bend: NDArray[np.float64]) -> NDArray[np.float64]:
    """Let each sample bend as much as those beside it: at joints of pieces the bend may jump."""
    padded = np.concatenate([bend[:1], bend, bend[-1:]])
    found: NDArray[np.float64] = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    return found
