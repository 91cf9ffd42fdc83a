"""Noisy functions of 5 to 10 knobs whose optimum is known: shifted, rotated, of mixed types."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.knob import Choices, Configuration, Domain, Floats, Integers, Knob

Array = NDArray[np.float64]

OPTIMUM = 1.0
NOISE = 0.10


@dataclass(frozen=True, slots=True)
class HardFunction:
    """A cost of knobs, 1 at the optimum. `excess` takes places from 0 to 1, moved and turned."""

    name: str
    knobs: Mapping[str, Knob]
    excess: Callable[[Array], float]
    centre: Array
    rotation: Array

    def true(self, configuration: Configuration) -> float:
        """Return the cost without noise."""
        at = np.array([k.domain.position(configuration[name]) for name, k in self.knobs.items()])
        return OPTIMUM + self.excess(self.rotation @ (at - self.centre))

    def measured(self, configuration: Configuration, rng: np.random.Generator) -> float:
        """Return the cost as one measurement shows it, 10% of it noise."""
        return self.true(configuration) * max(0.05, 1.0 + NOISE * rng.normal())


def ellipsoid(x: Array) -> float:
    """A bowl that is ten times as long as narrow."""
    return float(30.0 * (10.0 ** (np.arange(x.size) / (x.size - 1)) * x**2).sum() / x.size)


def rosenbrock(x: Array) -> float:
    """A bent valley; the optimum is at the origin."""
    y = 1.0 + 2.0 * x
    return float((10.0 * (y[1:] - y[:-1] ** 2) ** 2 + (1.0 - y[:-1]) ** 2).sum() / x.size)


def rastrigin(x: Array) -> float:
    """A bowl with dents, some of them far from the lowest."""
    return float((40.0 * x**2 + 1.2 * (1.0 - np.cos(7.0 * np.pi * x))).sum() / x.size)


def ackley(x: Array) -> float:
    """A plain with ripples, and a funnel in it."""
    y = 4.0 * x
    return float(
        20.0 * (1.0 - np.exp(-0.2 * np.sqrt((y**2).mean()))) + np.e - np.exp(np.cos(np.pi * y).mean())
    )


def edges(x: Array) -> float:
    """A roof: no curvature tells how near the ridge is."""
    return float((6.0 * np.abs(x) + 10.0 * np.abs(x.sum()) / x.size).mean())


def _made(name: str, kinds: str, excess: Callable[[Array], float], seed: int, rotated: bool) -> HardFunction:
    """Make a function of knobs: f a float, l a logarithmic one, i an integer, c a choice, b a switch."""
    rng = np.random.default_rng(seed)
    domains: dict[str, Callable[[], Domain]] = {
        "f": lambda: Floats(0.0, 1.0),
        "l": lambda: Floats(0.01, 100.0, log=True),
        "i": lambda: Integers(1, 24),
        "c": lambda: Choices(("a", "b", "c", "d")),
        "b": lambda: Choices((False, True)),
    }
    knobs, centre = {}, []
    for number, kind in enumerate(kinds):
        domain = domains[kind]()
        best = domain.at(rng.uniform(0.15, 0.85))
        centre.append(domain.position(best))
        default = domain.at((centre[-1] + rng.uniform(0.3, 0.7)) % 1.0)
        knobs[f"{kind}{number}"] = Knob(f"{kind}{number}", default, domain)
    numbers = np.array([kind not in "cb" for kind in kinds])
    rotation = np.eye(len(kinds))
    if rotated:
        turned, _ = np.linalg.qr(rng.normal(size=(numbers.sum(), numbers.sum())))
        rotation[np.ix_(numbers, numbers)] = turned
    return HardFunction(name, knobs, excess, np.array(centre), rotation)


FUNCTIONS: tuple[HardFunction, ...] = (
    _made("ellipsoid, shifted, 5 floats", "fffff", ellipsoid, 1, rotated=False),
    _made("ellipsoid, rotated, 10 floats", "ffffffffff", ellipsoid, 2, rotated=True),
    _made("Rosenbrock, rotated, 6 floats and logs", "fflfll", rosenbrock, 3, rotated=True),
    _made("Rastrigin, rotated, 5 floats", "fffff", rastrigin, 4, rotated=True),
    _made("Ackley, 6 mixed types", "fficcb", ackley, 5, rotated=False),
    _made("roof, rotated, 8 mixed types", "ffiilcbf", edges, 6, rotated=True),
    _made("Ackley, rotated, 8 floats and integers", "ffffiifl", ackley, 7, rotated=True),
)
