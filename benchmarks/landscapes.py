"""Applications with three knobs, a cost and a target, whose optimum is known: for the safe tuner."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from homeostat.core.knob import Configuration, Floats, Integers, Knob

Array = NDArray[np.float64]
Effect = Callable[[Array, Array, Array], tuple[Array, Array]]
"""From the values of three knobs to cost and target."""

DEFAULT_COST, OPTIMUM_COST = 32.4, 2.95
GRID = 48


@dataclass(frozen=True)
class Landscape:
    """An application: its cost shall be low while the target stays within its bound.

    `raw` gives cost and target; costs are stretched so that the default costs 32.4 and the optimum 2.95,
    along a power, which keeps which is cheaper and by which share.
    """

    name: str
    knobs: Mapping[str, Knob]
    raw: Effect
    bound: float
    upper: bool = True
    cost_noise: float = 0.15
    target_noise: float = 0.15

    @property
    def default(self) -> dict[str, float]:
        """Where it starts."""
        return {name: float(knob.default) for name, knob in self.knobs.items()}

    @cached_property
    def _scale(self) -> tuple[float, float]:
        """Factor and power that bring default and optimum to their costs."""
        axes = [self._axis(knob) for knob in self.knobs.values()]
        values = np.array(list(product(*axes)))
        cost, target = self.raw(*values.T)
        optimum = float(cost[self.held(target)].min())
        start = float(self.raw(*np.array([[v] for v in self.default.values()]))[0][0])
        power = float(np.log(DEFAULT_COST / OPTIMUM_COST) / np.log(start / optimum))
        return OPTIMUM_COST / optimum**power, power

    @staticmethod
    def _axis(knob: Knob) -> Array:
        """All values of whole numbers, a grid of others."""
        at = [float(knob.domain.at(p)) for p in np.linspace(0.0, 1.0, 4 * GRID)]
        distinct = np.unique(at)
        return distinct if distinct.size <= 2 * GRID else distinct[:: distinct.size // GRID]

    def held(self, target: Array) -> NDArray[np.bool_]:
        """Tell where a target holds."""
        return target <= self.bound if self.upper else target >= self.bound

    def true(self, configuration: Configuration) -> tuple[float, float]:
        """Return cost and target of a configuration, without noise."""
        cost, target = self.raw(*np.array([[float(configuration[name])] for name in self.knobs]))
        factor, power = self._scale
        return float(factor * cost[0] ** power), float(target[0])

    def violation(self, target: float) -> float:
        """Return how far a target lies beyond its bound, relative to it."""
        return (target - self.bound) / self.bound * (1 if self.upper else -1)

    def holds(self, configuration: Configuration) -> bool:
        """Tell whether a configuration truly keeps the target."""
        return self.violation(self.true(configuration)[1]) <= 0

    def measured(self, configuration: Configuration, rng: np.random.Generator) -> tuple[float, float]:
        """Return cost and violation as one noisy measurement shows them."""
        cost, target = self.true(configuration)
        factors = np.maximum(0.05, 1.0 + np.array([self.cost_noise, self.target_noise]) * rng.normal(size=2))
        return cost * float(factors[0]), self.violation(target * float(factors[1]))


def serving(replicas: Array, batch: Array, cache_gb: Array) -> tuple[Array, Array]:
    """A model server: p95 of a batch queue (after Sakasegawa), cost of replicas, memory, work."""
    missed_per_s = 60.0 * (1.0 - 0.65 * cache_gb / (cache_gb + 10.0))
    service_ms = 45.0 + 7.0 * batch
    parallel = replicas / (1.0 + 0.012 * (replicas - 1))
    load = missed_per_s * service_ms / 1e3 / (batch * parallel)
    calm = np.minimum(load, 0.97)
    wait_ms = service_ms * calm ** (np.sqrt(2.0 * (parallel + 1)) - 1) / (parallel * (1.0 - calm))
    wait_ms = wait_ms * np.exp(3.0 * np.maximum(load - 0.97, 0.0))
    fill_ms = 1e3 * (batch - 1) / (2.0 * missed_per_s)
    p95_ms = 1.2 * service_ms + 1.9 * fill_ms + 3.0 * wait_ms
    work = missed_per_s * service_ms / 1e3 / batch
    return replicas + 0.02 * cache_gb + 0.6 * work, p95_ms


def retrieval(chunks: Array, chunk_tokens: Array, rerank: Array) -> tuple[Array, Array]:
    """Answers from documents: quality saturates with what is found and falls with what distracts."""
    found = 1.0 - np.exp(
        -0.55 * chunks * (chunk_tokens / 250.0) ** 0.45 * (0.35 + 0.65 * rerank / (rerank + 15))
    )
    told_apart = 1.0 - 0.5 * rerank / (rerank + 25)
    distracted = 1.0 / (1.0 + (chunks * chunk_tokens / 14_000.0) ** 2 * told_apart)
    cut = 1.0 / (1.0 + np.exp(-(chunk_tokens - 110.0) / 35.0))
    quality = 0.93 * found * (0.75 + 0.25 * distracted) * (0.8 + 0.2 * cut)
    return 400 + chunks * chunk_tokens + 45.0 * rerank, quality


def pool(size: Array, timeout_ms: Array, backoff: Array) -> tuple[Array, Array]:
    """Calls to a flaky upstream: a long time-out waits, a short one fails, retries add load."""
    crowd = 1.0 + (size / 60.0) ** 2
    median_ms = 120.0 * crowd * (1.0 + 0.8 / backoff)
    late = 1.0 / (1.0 + (timeout_ms / median_ms) ** 2.6)
    starved = np.exp(-size / (6.0 + 0.01 * timeout_ms))
    errors = 0.002 + late**1.7 * backoff**0.25 + 0.5 * starved**2
    cost = 8.0 + size**0.9 * 0.8 + (timeout_ms / 300.0) ** 1.15 + 26.0 * starved + 5.0 * np.log(backoff) ** 2
    return cost, errors


def ridge(a: Array, b: Array, c: Array) -> tuple[Array, Array]:
    """A curved valley oblique to all knobs, with a bound that bends across it."""
    u, v, w = a + b - c - 0.4, a - b + 0.3 * c, (a + b + c) / 3
    cost = np.exp(0.9 * (u - 0.8 * v**2) ** 2 + 2.2 * np.abs(w - 0.85) ** 1.5 + 0.35 * (v - 0.2) ** 2)
    strain = np.exp(1.6 * w + 0.9 * u * v + 0.5 * np.sin(3.0 * a * b))
    return cost, strain


def thrash(workers: Array, cache_mb: Array, prefetch: Array) -> tuple[Array, Array]:
    """Memory: all is well until it is full, then latency is four times what it was within a few percent."""
    used = workers * (90.0 + 0.6 * prefetch) + cache_mb + 3.0 * prefetch
    full = 1.0 / (1.0 + np.exp(-(used - 6_500.0) / 160.0))
    missed = 0.15 + 0.85 * np.exp(-cache_mb / 900.0) * (1.0 - 0.3 * prefetch / (prefetch + 20))
    p95_ms = (60.0 + 240.0 * missed / (1.0 + 0.02 * prefetch)) * (1.0 + 3.0 * full) * (1 + 4.0 / workers)
    return missed * 10.0 / workers**0.45 + 0.004 * prefetch + 0.15, p95_ms


def calm(threads: Array, buffer_kb: Array, interval_ms: Array) -> tuple[Array, Array]:
    """Batching of writes: the cheapest setting lies well within its target."""
    contention = 1.0 + (threads / 14.0) ** 2
    cost = 3.0 * contention / np.sqrt(threads) + 900.0 / (buffer_kb + 20.0) + 60.0 / (interval_ms + 2.0)
    cost = cost + buffer_kb / 160.0 + 0.004 * interval_ms
    p95_ms = 8.0 + 0.35 * interval_ms + 0.04 * buffer_kb * contention + 90.0 / threads
    return cost, p95_ms


def _knobs(**knobs: tuple[float, Integers | Floats]) -> dict[str, Knob]:
    return {name: Knob(name, default, domain) for name, (default, domain) in knobs.items()}


LANDSCAPES: tuple[Landscape, ...] = (
    Landscape(
        "serving",
        _knobs(
            replicas=(28, Integers(1, 32, log=True)),
            batch=(1, Integers(1, 32, log=True)),
            cache_gb=(2, Integers(0, 64)),
        ),
        serving,
        bound=260.0,
    ),
    Landscape(
        "serving, linear",
        _knobs(replicas=(28, Integers(1, 32)), batch=(1, Integers(1, 32)), cache_gb=(2, Integers(0, 64))),
        serving,
        bound=260.0,
    ),
    Landscape(
        "retrieval",
        _knobs(
            chunks=(24, Integers(1, 40)),
            chunk_tokens=(400, Integers(64, 1024, log=True)),
            rerank=(40, Integers(0, 100)),
        ),
        retrieval,
        bound=0.8,
        upper=False,
        target_noise=0.03,
    ),
    Landscape(
        "pool",
        _knobs(
            size=(80, Integers(2, 128, log=True)),
            timeout_ms=(4000, Floats(100, 8000, log=True)),
            backoff=(4.0, Floats(1.0, 8.0)),
        ),
        pool,
        bound=0.02,
    ),
    Landscape(
        "ridge",
        _knobs(a=(0.15, Floats(0, 1)), b=(0.2, Floats(0, 1)), c=(0.5, Floats(0, 1))),
        ridge,
        bound=3.0,
    ),
    Landscape(
        "thrash",
        _knobs(
            workers=(4, Integers(1, 48)), cache_mb=(512, Integers(64, 6000)), prefetch=(64, Integers(0, 128))
        ),
        thrash,
        bound=300.0,
    ),
    Landscape(
        "calm",
        _knobs(
            threads=(2, Integers(1, 64, log=True)),
            buffer_kb=(16, Integers(4, 1024, log=True)),
            interval_ms=(5.0, Floats(1.0, 500.0, log=True)),
        ),
        calm,
        bound=150.0,
    ),
)
