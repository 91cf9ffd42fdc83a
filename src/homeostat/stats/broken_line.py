"""The broken line: straight pieces that meet in corners, through a series with autocorrelated noise."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CORNERS_MAX = 8
"""The most corners looked for."""

POINTS_MAX = 400
"""Longer series are reduced to at most this number of block medians, which bounds the work."""

_PHIS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0)
"""Autocorrelations tried; 1 is a random walk, which needs no corners."""

_APART = 5
"""Points between corners at least."""

_REACH = 40
"""How far from where it was first found a corner may move, and its range may go."""


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """Corners by index, in order, each with the range that fits about as well (95%); slopes a point.

    `slopes` has one more than there are corners. `phi` is the autocorrelation of the noise about the line,
    `worth` the log likelihood less the price of the slope and of each corner.
    """

    corners: tuple[tuple[int, int, int], ...]
    slopes: tuple[float, ...]
    phi: float
    worth: float


def broken_line(values: Floats, height_min: float) -> BrokenLine:
    """Return the broken line with AR(1) noise that describes a series best, corners being paid for.

    The line and the autocorrelation are chosen together by likelihood: what a memory of the noise
    explains needs no corner. Corners are added one by one, each where it gains most, as long as it gains
    a likelihood ratio of exp(height_min squared), the square for a change in a known place; then they are
    placed anew, and dropped where they are no longer worth that.

    Guarantee: none of its own; see `change_points`. Cost: 8 autocorrelations times the corners times n * n,
    45 ms at 400 points. Does not hold for jumps, nor beside wild values.
    """
    size, scale, series = _reduced(values)
    if series.size < 4 * _APART or scale == 0.0:
        return BrokenLine((), (float("nan"),), 1.0, -math.inf)
    price = height_min * height_min
    fits = [_greedy(series, phi, price) for phi in _PHIS]
    worth = [gain - price * (1 + len(at)) for gain, at in fits]
    best = int(np.argmax(worth))
    phi, at = _PHIS[best], _settled(series, _PHIS[best], sorted(fits[best][1]), price)
    ranges = [_placed(series, phi, at, i) for i in range(len(at))]
    line, likelihood = _fit(series, phi, at)
    return BrokenLine(
        tuple((low * size, place * size, high * size) for low, place, high in ranges),
        tuple(float(slope) * scale / size for slope in np.cumsum(line[1:])),
        phi,
        likelihood - price * (1 + len(at)),
    )


def levels_worth(values: Floats, found: list[int], height_min: float) -> float:
    """Return the worth of levels that begin at the indices `found`, to be compared with that of a line."""
    size, _, series = _reduced(values)
    starts = np.array([0, *(at // size for at in found)])
    steps = (np.arange(series.size)[:, None] >= starts).astype(np.float64)
    fits = [_fit_of(steps, series, phi)[1] for phi in _PHIS]
    return max(fits) - height_min * height_min * len(found)


def _reduced(values: Floats) -> tuple[int, float, Floats]:
    """Return the size of a block, the scale, and the medians of the blocks in units of the scale."""
    size = -(-values.size // POINTS_MAX)
    whole = values.size // size * size
    series = np.median(values[:whole].reshape(-1, size), axis=1)
    series = series - series[0]
    scale = float(np.abs(series).max())
    return size, scale, series / scale if scale > 0.0 else series


def _whitened(columns: Floats, phi: float) -> Floats:
    return columns[1:] - phi * columns[:-1]


def _basis(n: int, corners: list[int] | NDArray[np.intp]) -> Floats:
    t = np.arange(n, dtype=np.float64)
    turns = np.maximum(t[:, None] - np.asarray(corners, dtype=np.float64), 0.0)
    return np.column_stack((np.ones(n), t, turns))


def _log_likelihood(squares: float, n: int) -> float:
    return -0.5 * n * math.log(max(squares / n, 1e-300))


def _fit(series: Floats, phi: float, corners: list[int]) -> tuple[Floats, float]:
    """Return the coefficients of level, slope and turns, and the log likelihood."""
    return _fit_of(_basis(series.size, corners), series, phi)


def _fit_of(columns: Floats, series: Floats, phi: float) -> tuple[Floats, float]:
    basis, target = _whitened(columns, phi), _whitened(series, phi)
    line = np.asarray(np.linalg.lstsq(basis, target, rcond=None)[0], dtype=np.float64)
    left = target - basis @ line
    return line, _log_likelihood(float(left @ left), left.size)


def _greedy(series: Floats, phi: float, price: float) -> tuple[float, list[int]]:
    """Return the log likelihood and the corners, added where they gain most while worth their price."""
    n = series.size
    places = np.arange(_APART, n - _APART)
    columns = _whitened(_basis(n, places), phi)
    start, _ = np.linalg.qr(columns[:, int(phi == 1.0) : 2])  # a random walk has no level
    left = _whitened(series, phi)
    left = left - start @ (start.T @ left)
    turns = columns[:, 2:] - start @ (start.T @ columns[:, 2:])
    free = np.ones(places.size, dtype=np.bool_)
    corners: list[int] = []
    likelihood = _log_likelihood(float(left @ left), left.size)
    while len(corners) < CORNERS_MAX and free.any():
        power = (turns * turns).sum(axis=0)
        explained = np.where(free & (power > 1e-9), (turns.T @ left) ** 2 / np.maximum(power, 1e-9), 0.0)
        best = int(explained.argmax())
        new = _log_likelihood(float(left @ left) - float(explained[best]), left.size)
        if new - likelihood <= price:
            break
        unit = turns[:, best] / math.sqrt(power[best])
        left = left - unit * float(unit @ left)
        turns = turns - np.outer(unit, unit @ turns)
        free &= np.abs(places - places[best]) >= _APART
        corners.append(int(places[best]))
        likelihood = new
    return likelihood, corners


def _settled(series: Floats, phi: float, corners: list[int], price: float) -> list[int]:
    """Return the corners placed anew, without those that are no longer worth their price.

    A corner found early, for want of others, stands between two true ones and leaves splinters about them.
    """
    settled = corners
    for _ in range(2 * CORNERS_MAX):
        placed = list(settled)
        for which in range(len(placed)):
            placed[which] = _placed(series, phi, placed, which)[1]
        likelihood = _fit(series, phi, placed)[1]
        fewer = max((_without(series, phi, placed, i) for i in range(len(placed))), default=None)
        if fewer and likelihood - fewer[0] <= price:
            placed = fewer[1]
        elif placed == settled:
            break
        settled = placed
    return settled


def _profile(series: Floats, phi: float, corners: list[int], places: NDArray[np.intp]) -> Floats:
    """Return the log likelihood with one more corner at each of the places."""
    columns = _whitened(_basis(series.size, np.array([*corners, *places])), phi)
    start, _ = np.linalg.qr(columns[:, int(phi == 1.0) : 2 + len(corners)])
    left = _whitened(series, phi)
    left = left - start @ (start.T @ left)
    turns = columns[:, 2 + len(corners) :]
    turns = turns - start @ (start.T @ turns)
    power = (turns * turns).sum(axis=0)
    explained = np.where(power > 1e-9, (turns.T @ left) ** 2 / np.maximum(power, 1e-9), 0.0)
    squares = np.maximum((left @ left - explained) / left.size, 1e-300)
    profile: Floats = -0.5 * left.size * np.log(squares)
    return profile


def _without(series: Floats, phi: float, corners: list[int], which: int) -> tuple[float, list[int]]:
    """Return the log likelihood and the corners when one is dropped and the next to it stands in for both."""
    rest = [*corners[:which], *corners[which + 1 :]]
    if rest:
        near = min(range(len(rest)), key=lambda i: abs(rest[i] - corners[which]))
        rest[near] = _placed(series, phi, rest, near)[1]
    return _fit(series, phi, rest)[1], rest


def _placed(series: Floats, phi: float, corners: list[int], which: int) -> tuple[int, int, int]:
    """Return the range and the best place of one corner, the others staying where they are."""
    last = series.size - 1 - _APART
    low = max(corners[which] - _REACH, corners[which - 1] + _APART if which else _APART)
    high = min(corners[which] + _REACH, corners[which + 1] - _APART if which + 1 < len(corners) else last)
    places = range(low, max(high, low) + 1)
    fits = _profile(series, phi, [*corners[:which], *corners[which + 1 :]], np.array(places))
    best = int(fits.argmax())
    likely = np.flatnonzero(fits >= fits[best] - 1.92)
    return places[int(likely[0])], places[best], places[int(likely[-1])]
