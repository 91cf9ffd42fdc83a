"""Hourly series as applications and utilities have them, made from a seed, for the forecasting benchmark."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HORIZON = 48
_DISTINCT_MIN = 4


@dataclass(frozen=True, slots=True)
class HourlySeries:
    """What is known at the origin, and the 48 hours that came after."""

    known: Floats
    after: Floats


def _day(rng: np.random.Generator) -> Floats:
    """One day's shape: a few harmonics, made peaked or flat."""
    hours = np.arange(24)
    shape = sum(
        rng.normal(0.0, 1.0 / k) * np.cos(2 * np.pi * k * (hours - rng.uniform(0.0, 24.0)) / 24)
        for k in range(1, 5)
    )
    shape = np.exp(rng.uniform(0.0, 0.8) * np.asarray(shape))
    shape -= shape.mean()
    found: Floats = shape / shape.std()
    return found


def _season(rng: np.random.Generator, n: int) -> Floats:
    """A day that repeats, by a week that scales and shifts its days, both drifting slowly in some series."""
    days = n // 24 + 2
    day, other = _day(rng), _day(rng)
    weekend = rng.uniform(0.0, 1.0) if rng.random() < 0.8 else 0.0
    factor = 1.0 + rng.normal(0.0, 0.1 * weekend, 7)
    factor[5:] *= 1.0 - 0.7 * weekend
    shift = rng.normal(0.0, 0.3 * weekend, 7)
    drift = np.cumsum(rng.normal(0.0, rng.choice([0.0, 0.02, 0.06]), days))
    rows = [(day + drift[d] * other) * factor[d % 7] + shift[d % 7] for d in range(days)]
    begin = int(rng.integers(0, 24))
    return np.concatenate(rows)[begin : begin + n]


def _noise(rng: np.random.Generator, n: int) -> Floats:
    """Noise with or without memory, with normal or heavy tails, of mean square about 1."""
    tails = rng.normal(size=n) if rng.random() < 0.6 else rng.standard_t(4, n) / np.sqrt(2.0)
    rho = float(rng.choice([0.0, 0.3, 0.6, 0.9]))
    found = np.empty(n)
    last = 0.0
    scale = np.sqrt(1.0 - rho * rho)
    for i, value in enumerate(tails):
        last = rho * last + scale * value
        found[i] = last
    return found


def hourly_series(seed: int) -> HourlySeries:
    """Return the series of a seed: trend, day and week, noise, shifts, a wandering level, wild values."""
    rng = np.random.default_rng((20_261_120, seed))
    n = int(rng.choice([700, 960, 1_000])) + HORIZON
    t = np.arange(n)
    season = _season(rng, n) * (rng.choice([0.0, 1.0], p=[0.06, 0.94]))
    noise = _noise(rng, n) * np.exp(rng.uniform(np.log(0.03), np.log(1.0)))
    level = rng.normal(0.0, 1.0) * t / n
    level += np.cumsum(rng.normal(0.0, rng.choice([0.0, 0.0, 0.02, 0.08]), n))
    for _ in range(int(rng.choice([0, 1, 2], p=[0.6, 0.3, 0.1]))):
        level[int(rng.integers(0, n)) :] += rng.normal(0.0, 1.0)
    spread = rng.random() < 0.5
    if spread:
        noise *= np.exp(0.4 * season)
    values = level + season + noise
    wild = rng.random(n) < rng.choice([0.0, 0.003])
    values[wild] += rng.normal(0.0, 5.0, int(wild.sum()))
    if rng.random() < 0.4:
        values = np.exp(0.5 * values)
    values = values * np.exp(rng.uniform(0.0, 6.0)) + rng.choice([0.0, 10.0, 1000.0])
    if rng.random() < 0.2:
        counts = np.maximum(np.round((values - values.min()) / values.std() * 3.0 - 2.0), 0.0)
        values = counts if np.unique(counts[:-HORIZON]).size > _DISTINCT_MIN else values
    return HourlySeries(values[:-HORIZON], values[-HORIZON:])
