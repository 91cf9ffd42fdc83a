"""The space of knobs: configurations as points from 0 to 1 in each knob, and back."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from homeostat.core.errors import ConfigError, InputError
from homeostat.core.knob import Choices, Configuration, Integers, Knob, Value
from homeostat.core.knob import Floats as Floats_

Floats = NDArray[np.float64]

KNOBS_MAX = 50

RATIO_BENT = 8
"""Bounds are far apart where the upper is so many times the lower."""

GRID_MAX = 4_096
"""Whole numbers of more values than that are treated as a continuum."""

DIGITS = 9
"""Places of a continuum are rounded to so many digits, so that equal ones are the same."""


class Space:
    """All configurations of some knobs. Points are rows of positions, in the order of the knobs."""

    def __init__(self, knobs: Mapping[str, Knob]) -> None:
        """Take the knobs by name."""
        if not 1 <= len(knobs) <= KNOBS_MAX:
            raise ConfigError(f"a search needs 1 to {KNOBS_MAX} knobs, not {len(knobs)}")
        self.knobs = dict(knobs)
        self._grids = [grid(knob) for knob in knobs.values()]

    @property
    def size(self) -> int:
        """How many knobs there are."""
        return len(self.knobs)

    @property
    def default(self) -> dict[str, Value]:
        """The values with which the application comes."""
        return {name: knob.default for name, knob in self.knobs.items()}

    def point(self, configuration: Configuration) -> Floats:
        """Return the place of a configuration; raise InputError on a missing knob or a wrong value."""
        if missing := self.knobs.keys() - configuration.keys():
            raise InputError(f"the configuration has no value for {', '.join(sorted(missing))}")
        return np.array(
            [knob.domain.position(knob.checked(configuration[name])) for name, knob in self.knobs.items()]
        )

    def at(self, point: Floats) -> dict[str, Value]:
        """Return the configuration nearest to a place."""
        return {
            name: knob.domain.at(float(position))
            for (name, knob), position in zip(self.knobs.items(), point, strict=True)
        }

    @property
    def unordered(self) -> NDArray[np.bool_]:
        """Which knobs are choices among texts or switches: between their values lies nothing."""
        return np.array(
            [
                isinstance(k.domain, Choices) and any(isinstance(v, str | bool) for v in k.domain.values)
                for k in self.knobs.values()
            ]
        )

    def features(self, points: Floats) -> Floats:
        """Return places for a model: each unordered choice of three or more becomes a column a value.

        Numbers whose bounds lie far apart in ratio are bent half-way to a logarithmic scale, since of most of
        them a doubling matters, not a difference.
        """
        columns: list[Floats] = []
        for knob, grid, unordered, column in zip(
            self.knobs.values(), self._grids, self.unordered, points.T, strict=True
        ):
            if unordered and grid is not None and grid.size > 2:
                columns.extend((np.abs(column[:, None] - grid[None, :]) < 0.5 / grid.size).astype(float).T)
            else:
                columns.append(_bent(knob, column))
        return np.column_stack(columns)

    def filling(self, count: int, rng: np.random.Generator) -> Floats:
        """Return places that cover each knob evenly (a Latin hypercube)."""
        order = np.array([rng.permutation(count) for _ in range(self.size)]).T
        return (order + rng.random((count, self.size))) / count

    def snapped(self, points: Floats) -> Floats:
        """Return the places of the nearest configurations, each once."""
        found = np.column_stack([_nearest(grid, c) for grid, c in zip(self._grids, points.T, strict=True)])
        return np.unique(found, axis=0)


def grid(knob: Knob) -> Floats | None:
    """Return the places of a knob's values where they are few, None where they lie close."""
    domain = knob.domain
    if isinstance(domain, Integers) and domain.high - domain.low <= GRID_MAX:
        return np.array([domain.position(value) for value in range(domain.low, domain.high + 1)])
    if isinstance(domain, Choices):
        return np.array([domain.position(value) for value in domain.values])
    return None


def _bent(knob: Knob, column: Floats) -> Floats:
    domain = knob.domain
    if not isinstance(domain, Integers | Floats_) or domain.log:
        return column
    low = max(domain.low, 1) if isinstance(domain, Integers) else domain.low
    if low <= 0 or domain.high < RATIO_BENT * low:
        return column
    bend = math.sqrt(domain.high / low) - 1.0
    bent: Floats = np.log1p(bend * column) / math.log1p(bend)
    return bent


def _nearest(grid: Floats | None, positions: Floats) -> Floats:
    clipped: Floats = np.clip(positions, 0.0, 1.0)
    if grid is None:
        return clipped.round(DIGITS)
    right = np.clip(np.searchsorted(grid, clipped), 1, grid.size - 1)
    nearest: Floats = np.where(
        clipped - grid[right - 1] <= grid[right] - clipped, grid[right - 1], grid[right]
    )
    return nearest
