"""What all confidence sequences share: chunks, their state, and the boundary that holds at every look.

A confidence sequence is an interval after each record, made so that with the stated probability all of
them hold the truth at once: it may be looked at after every record, and acted on at any time.
"""

import math
from abc import ABC, abstractmethod
from statistics import NormalDist
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeostat.core.errors import ConfigError, InputError
from homeostat.core.interval import Interval
from homeostat.stats.long_run_variance import LongRunVariance

Floats = NDArray[np.float64]

FIRST_LOOK = 100
"""Records before the first interval: fewer tell too little about autocorrelation."""

MAGNITUDE_MAX = 1e90
"""Larger magnitudes cannot be cubed and summed."""

LOOKS = 32
"""Intervals that are not found anew for each record are at most one part in this old."""

CHUNK_MAX = 512

_CHUNK_MIN = 8


class ConfidenceSequence(ABC):
    """A stream of records in chunks: up to the first look, then growing by a quarter (to 512 records).

    Sums are kept a record at a time. What changes slowly (the inflation by autocorrelation, skewness, tuning)
    is worked out when a chunk is full, at sample numbers that depend on nothing but their count: so
    `extend` is `add` repeated, and what is tuned was tuned on the past alone.
    """

    __slots__ = (
        "_begin",
        "_due",
        "_end",
        "_inflation",
        "_memory",
        "_pending",
        "_stride",
        "confidence",
        "first_look",
        "n",
    )

    def __init__(self, confidence: float, first_look: int, first_chunk: int = CHUNK_MAX) -> None:
        """Start empty."""
        if not 0.0 < confidence < 1.0:
            raise ConfigError(f"confidence must lie between 0 and 1, such as 0.95, not {confidence}")
        if first_look < 2:
            raise ConfigError(f"first_look must be at least 2 records, not {first_look}")
        self.confidence = confidence
        self.first_look = first_look
        self.n = 0
        self._begin = 0  # the chunk lies between these counts of records
        self._end = self._due = min(first_look, first_chunk)
        self._stride = CHUNK_MAX
        self._pending: list[float] = []
        self._memory = LongRunVariance()
        self._inflation = 1.0

    @abstractmethod
    def add(self, value: float) -> None:
        """Take one record."""

    @abstractmethod
    def interval(self) -> Interval | None:
        """Return the interval that holds now, None before the first look."""

    @property
    @abstractmethod
    def estimate(self) -> float:
        """The best single value, NaN without records."""

    @abstractmethod
    def _checked(self, values: Floats) -> Floats:
        """Return the values as they are to be kept; raise InputError on one that cannot be taken."""

    @abstractmethod
    def _take(self, values: Floats) -> None:
        """Do what `add` does, for records that lie in one chunk."""

    @abstractmethod
    def _fold(self, chunk: Floats) -> None:
        """Take a closed chunk into what changes slowly."""

    @abstractmethod
    def _retune(self) -> None:
        """Work out what the next chunk goes by."""

    @abstractmethod
    def _absorb(self, other: Self) -> None:
        """Add the sums of a sequence; no chunk is open in either."""

    @property
    def inflation(self) -> float:
        """By how much autocorrelation inflates the variance: n records are worth n / inflation."""
        return self._inflation

    def extend(self, values: ArrayLike) -> None:
        """Take records in their order; all are refused (InputError) where one of them cannot be taken."""
        array = np.asarray(values, dtype=np.float64)
        if array.ndim != 1:
            raise InputError(f"records must be one row of numbers, not of shape {array.shape}")
        array = self._checked(array)
        while array.size:
            stop = min(self._end, self.n + array.size)
            last = stop - (stop - self._begin) % self._stride  # looks between do not outlast this one
            for until in (last, stop):
                if until > self.n:
                    piece, array = array[: until - self.n], array[until - self.n :]
                    self._take(piece)
                    if until in (last, self._end):
                        self._turn()
            self._due = self._next_look()

    def merge(self, other: Self) -> None:
        """Take all records of another stream of the same thing, such as another node's.

        `other` stays as it is. The guarantee goes on for the records of both, in whichever order they came.
        """
        if type(other) is not type(self) or any(
            getattr(self, name) != getattr(other, name) for name in self._SETTINGS
        ):
            settings = ", ".join(self._SETTINGS)
            raise ConfigError(f"only sequences of one kind and the same {settings} can be merged")
        theirs = self.restore(other.state())
        if not self.n:
            for name in self._names():
                setattr(self, name, getattr(theirs, name))
        elif theirs.n:
            self._close()
            theirs._close()
            self._absorb(theirs)
            self.n += theirs.n
            self._open()
            self._look()
            self._due = self._next_look()

    def state(self) -> dict[str, Any]:
        """Return all that `restore` needs, in types that JSON knows."""
        found: dict[str, Any] = {"kind": type(self).__name__}
        for name in self._names():
            found[name] = _plain(getattr(self, name))
        return found

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """Return the sequence whose `state` was kept; it goes on as if it had never been away."""
        if state.get("kind") != cls.__name__:
            raise InputError(f"this is the state of a {state.get('kind')}, not of a {cls.__name__}")
        made = cls.__new__(cls)
        for name in cls._names():
            if name not in state:
                raise InputError(f"the state of a {cls.__name__} lacks {name}: it is of another version")
            value = state[name]
            if name == "_memory":
                value = LongRunVariance.restore(value)
            elif name == "_found" and value is not None:
                value = Interval(*map(float, value))
            elif name in cls._TABLES:
                value = {int(k): int(v) for k, v in value}
            elif isinstance(value, list):
                value = list(value)
            elif isinstance(value, str):
                value = float(value)
            setattr(made, name, value)
        return made

    _SETTINGS: tuple[str, ...] = ("confidence", "first_look")
    """Names of the attributes in which sequences that are merged must agree."""

    _TABLES: frozenset[str] = frozenset()
    """Names of the attributes that are tables of counts by whole number."""

    @classmethod
    def _names(cls) -> list[str]:
        return [*ConfidenceSequence.__slots__, *cls.__slots__]

    def _turn(self) -> None:
        """Close the chunk where it ends, and look: `add` calls this when it has reached `_due`."""
        if self.n == self._end:
            self._close()
            self._open()
        self._look()
        self._due = self._next_look()

    def _close(self) -> None:
        if self._pending:
            chunk = np.array(self._pending, dtype=np.float64)
            self._pending = []
            self._fold(chunk)

    def _open(self) -> None:
        n = self.n
        end = n + min(max(n // 4, _CHUNK_MIN), CHUNK_MAX)
        self._begin, self._end = n, (self.first_look if n < self.first_look < end else end)
        self._retune()

    def _next_look(self) -> int:
        looks = (self.n - self._begin) // self._stride
        return min(self._end, self._begin + (looks + 1) * self._stride)

    def _look(self) -> None:  # noqa: B027 most find their interval when it is asked for
        """Find the interval, where that is too dear for each record."""


def _plain(value: Any) -> Any:
    if isinstance(value, LongRunVariance):
        return value.state()
    if isinstance(value, Interval):
        return [_plain(end) for end in (value.low, value.high, value.confidence)]
    if isinstance(value, dict):
        return [list(pair) for pair in value.items()]
    if isinstance(value, list):
        return list(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def refuse(value: object, wanted: str) -> InputError:
    """Return the error that says which record cannot be taken, and what could."""
    return InputError(f"a record must be {wanted}, not {value!r}: leave it out or mend it")


def finite(values: Floats) -> Floats:
    """Return the values, or raise InputError with the first that is not a finite number below 1e90."""
    good = np.abs(values) < MAGNITUDE_MAX
    if not good.all():
        raise refuse(float(values[~good][0]), "a finite number below 1e90")
    return values


def normal_mixture(confidence: float, prior: float) -> float:
    """Return the log of the level at which a normal mixture that starts late is cut.

    `prior` is the variance of the mixture in units of one over the first look's information. The mixture
    exp(z*z/2 * q/(1+q)) / sqrt(1+q), q = prior * n / first_look, of a Brownian motion that is looked at from
    the first look on, passes that level at any time with a probability of 1 - confidence, exactly (Robbins,
    Annals of Mathematical Statistics 41, 1970; the late start makes it 8% narrower there).

    >>> round(normal_mixture(0.95, 1e4), 3)
    -0.698
    """
    normal = NormalDist()

    def miss(level: float) -> float:
        at_first = math.sqrt((1 + prior) / prior * max(2 * level + math.log1p(prior), 0.0))
        later = math.exp(-level) * (2 * normal.cdf(at_first / math.sqrt(1 + prior)) - 1)
        return 2 * (1 - normal.cdf(at_first)) + later

    low, high = -math.log1p(prior) / 2, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if miss(middle) > 1 - confidence else (low, middle)
    return high
