"""Draws: the randomness of requests, real or spread evenly so that a few thousand tell the truth."""

import zlib
from functools import cache
from statistics import NormalDist
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Draws(Protocol):
    """Columns of independent draws, one for each request, by name."""

    size: int

    def uniform(self, name: str) -> Floats:
        """Return draws from 0 to 1."""
        ...

    def normal(self, name: str) -> Floats:
        """Return standard normal draws."""
        ...


class RandomDraws:
    """Draws of a generator: each call gives new ones."""

    def __init__(self, random: np.random.Generator, size: int) -> None:
        self.size = size
        self._random = random

    def uniform(self, name: str) -> Floats:
        """Return draws from 0 to 1."""
        return self._random.random(self.size)

    def normal(self, name: str) -> Floats:
        """Return standard normal draws."""
        return self._random.standard_normal(self.size)


class EvenDraws:
    """A Latin hypercube: each column has every quantile once, in an order of its own.

    The same name gives the same column, so two configurations meet the same requests (common random numbers).
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def uniform(self, name: str) -> Floats:
        """Return the midpoints of `size` equal parts of 0 to 1, shuffled."""
        return _uniform(self.size, name)

    def normal(self, name: str) -> Floats:
        """Return the standard normal quantiles of those."""
        return _normal(self.size, name)


@cache
def _order(size: int, name: str) -> NDArray[np.int64]:
    return np.random.default_rng(zlib.crc32(name.encode())).permutation(size)


@cache
def _uniform(size: int, name: str) -> Floats:
    return np.asarray((_order(size, name) + 0.5) / size)


@cache
def _quantiles(size: int) -> Floats:
    normal = NormalDist()
    return np.array([normal.inv_cdf((i + 0.5) / size) for i in range(size)])


@cache
def _normal(size: int, name: str) -> Floats:
    return np.asarray(_quantiles(size)[_order(size, name)])
