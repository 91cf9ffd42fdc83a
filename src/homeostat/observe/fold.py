"""The fold: what one series held since the start, and how a buffer of values is added to it.

This is the part of a recorder that needs numpy; it loads with the first fold, on the flusher's thread, so
that an application does not wait for it at its start.
"""

import struct
from collections import deque

import numpy as np
from numpy.typing import NDArray

from homeostat.core.histogram import ExponentialHistogram
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.point import Moments, Point
from homeostat.core.series import SeriesKey
from homeostat.stats.sketch import SMALLEST, merge, sketch, sketch_positive

WINDOW = 1_000
"""Samples in the rolling window of each series."""

MAGNITUDE_MAX = 1e150
"""Values beyond are dropped and counted: the square of a larger one is no number any more."""

UNMERGED_MAX = 16
"""Histograms of single folds that wait to be merged: one by one that costs six times as much."""

RATE_FOLDS = 60

Floats = NDArray[np.float64]


def moments_of(values: Floats) -> Moments:
    """Return the moments of at least one finite value, in order of time.

    The reductions are called as such: the methods `mean`, `min` and `max` cost 2 us more each.
    """
    mean = float(np.add.reduce(values)) / values.size
    centred = values - mean
    return Moments(
        count=values.size,
        mean=mean,
        m2=float(centred @ centred),
        minimum=float(np.minimum.reduce(values)),
        maximum=float(np.maximum.reduce(values)),
        last=float(values[-1]),
    )


def finite_floats(chunk: list[float], losses: Losses) -> Floats:
    """Return the numbers of usable size among what was recorded; count what is none.

    `struct.pack` reads floats out of a list 2.6 times as fast as `np.fromiter`. The comparison with the
    extremes is false for NaN too, so that one pass finds all that is odd.
    """
    try:
        values = np.frombuffer(struct.pack(f"{len(chunk)}d", *chunk))
    except (struct.error, TypeError, ValueError, OverflowError):
        values = _numbers(chunk, losses)
    if values.size == 0 or np.maximum.reduce(np.abs(values)) <= MAGNITUDE_MAX:
        return values
    finite = values[np.isfinite(values)]
    kept = finite[np.abs(finite) <= MAGNITUDE_MAX]
    for reason, lost in (("not_finite", values.size - finite.size), ("too_large", finite.size - kept.size)):
        if lost:
            losses.add(f"record.{reason}", lost)
    return kept


def _numbers(chunk: list[float], losses: Losses) -> Floats:
    """The slow way, value by value, where something recorded is no number."""
    numbers = []
    for value in chunk:
        try:
            numbers.append(float(value))
        except (TypeError, ValueError, OverflowError):
            losses.add("record.not_a_number")
    return np.array(numbers, dtype=np.float64)


class Fold:
    """The totals of one series since the start, and a rolling window of its last values."""

    __slots__ = ("_key", "_rates", "_ring", "_unmerged", "_written", "moments")

    def __init__(self, key: SeriesKey) -> None:
        self._key = key
        self.moments: Moments | None = None
        self._unmerged: list[ExponentialHistogram] = []
        self._ring = np.empty(WINDOW, dtype=np.float64)
        self._written = 0
        self._rates: deque[tuple[int, int]] = deque(maxlen=RATE_FOLDS)

    def add(self, chunk: list[float], begin_ns: int, end_ns: int, losses: Losses) -> Point | None:
        """Add what was recorded between two times, and return it as a point; None where there was nothing."""
        self._rates.append((end_ns, 0))
        if not chunk:
            return None
        values = finite_floats(chunk, losses)
        if values.size == 0:
            return None
        self._rates[-1] = (end_ns, values.size)
        moments = moments_of(values)
        self.moments = self.moments.merge(moments) if self.moments else moments
        self._remember(values)
        if self._key.kind is not Kind.HISTOGRAM:
            return Point(self._key, begin_ns, moments)
        histogram = sketch_positive(values) if moments.minimum >= SMALLEST else sketch(values)
        self._unmerged.append(histogram)
        if len(self._unmerged) >= UNMERGED_MAX:
            self._unmerged = [merge(self._unmerged)]
        return Point(self._key, begin_ns, moments, histogram)

    @property
    def histogram(self) -> ExponentialHistogram | None:
        """The sketch of all values since the start, None before the first. Not while another thread folds."""
        if len(self._unmerged) > 1:
            self._unmerged = [merge(self._unmerged)]
        return self._unmerged[0] if self._unmerged else None

    def _remember(self, values: Floats) -> None:
        recent = values[-WINDOW:]
        start = (self._written + values.size - recent.size) % WINDOW
        head = min(recent.size, WINDOW - start)
        self._ring[start : start + head] = recent[:head]
        self._ring[: recent.size - head] = recent[head:]
        self._written += values.size

    def window(self) -> Floats:
        """Return the last `WINDOW` values, oldest first."""
        if self._written <= WINDOW:
            return self._ring[: self._written].copy()
        return np.roll(self._ring, -(self._written % WINDOW))

    def rate(self) -> float:
        """Return values a second over the last `RATE_FOLDS` folds; NaN before there are two."""
        folds = tuple(self._rates)
        if len(folds) < 2:
            return float("nan")
        seconds = (folds[-1][0] - folds[0][0]) / 1e9
        return sum(n for _, n in folds[1:]) / seconds if seconds > 0 else float("nan")

    def percentile(self, percent: float) -> float:
        """Return a percentile of the rolling window."""
        return float(np.percentile(self.window(), percent))
