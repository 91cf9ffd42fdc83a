"""The regime: what kind of workload it is, so that what was learned in one is not taken for another."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeostat.core.errors import ConfigError

LIGHT, NORMAL, HEAVY = "light", "normal", "heavy"

VALUES_MIN = 20
"""With fewer past values nothing is called light or heavy."""


@dataclass(frozen=True, slots=True)
class RegimeRule:
    """When a value is light or heavy against those of the past.

    Light lies below the `low` quantile of the past, heavy above the `high` one; and, since even a steady
    load has quantiles, at least `apart` away from the median, as a ratio. To leave light or heavy, a value
    must come back by `hysteresis` of the threshold. `window` is how many past values count.
    """

    low: float = 0.25
    high: float = 0.75
    apart: float = 1.3
    hysteresis: float = 0.1
    window: int = 2_000

    def __post_init__(self) -> None:
        if not (0.0 < self.low < self.high < 1.0):
            raise ConfigError(
                f"quantiles of a regime are 0 < low < high < 1, not {self.low!r}, {self.high!r}"
            )
        if self.apart < 1.0 or not 0.0 <= self.hysteresis < 1.0 or self.window < VALUES_MIN:
            raise ConfigError(
                f"apart is at least 1, hysteresis a share, window at least {VALUES_MIN}, "
                f"not {self.apart!r}, {self.hysteresis!r}, {self.window!r}"
            )

    def level(self, value: float, past: ArrayLike, before: str = NORMAL) -> str:
        """Return light, normal or heavy for a value, given those of the past and what it was called before.

        Cost: a partial sort of the window. Values that are not finite are left out; a value that is not keeps
        the name from before.
        """
        if not math.isfinite(value):
            return before
        known = _finite(past)[-self.window :]
        if known.size < VALUES_MIN:
            return NORMAL
        low, median, high = (float(q) for q in np.quantile(known, (self.low, 0.5, self.high)))
        below, above = min(low, median / self.apart), max(high, median * self.apart)
        if before == HEAVY:
            above *= 1.0 - self.hysteresis
        if before == LIGHT:
            below *= 1.0 + self.hysteresis
        return HEAVY if value > above else LIGHT if value < below else NORMAL


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    found: NDArray[np.float64] = array[np.isfinite(array)]
    return found


@dataclass(frozen=True, slots=True)
class Feature:
    """A trait of the workload besides its load, such as tokens of a request, now and in the past."""

    value: float
    past: Sequence[float]


def regime(
    load_per_s: float,
    past_loads: ArrayLike,
    before: str = "",
    features: Mapping[str, Feature] | None = None,
    rule: RegimeRule | None = None,
) -> str:
    """Return the name of the regime: that of the load, then the features that are out of the ordinary.

    `before` is the name of a moment ago, for the hysteresis. Every feature triples the number of regimes, and
    each regime learns for itself: name few.

    >>> past = [float(10 + k % 5) for k in range(100)]
    >>> regime(40.0, past), regime(12.0, past), regime(40.0, past, features={"tokens": Feature(90.0, past)})
    ('heavy', 'normal', 'heavy, tokens heavy')
    """
    rule = rule or RegimeRule()
    last = _parts(before)
    names = [rule.level(load_per_s, past_loads, last.get("", NORMAL))]
    for name, feature in sorted((features or {}).items()):
        level = rule.level(feature.value, feature.past, last.get(name, NORMAL))
        if level != NORMAL:
            names.append(f"{name} {level}")
    return ", ".join(names)


def _parts(name: str) -> dict[str, str]:
    """Return the level of the load (under the empty name) and of each feature in a regime's name."""
    parts = [part.rpartition(" ") for part in name.split(", ") if part]
    return {trait: level for trait, _, level in parts}
