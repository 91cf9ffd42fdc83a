"""Errors of all types together: a person asks first whether there are errors, and only then of which type."""

from collections import defaultdict
from collections.abc import Mapping
from functools import reduce

import numpy as np

from homeostat.core.metric import Kind
from homeostat.core.point import Moments
from homeostat.core.query import Frame, Total
from homeostat.core.series import SeriesKey

TYPE = "error"
"""The attribute that holds an error's type."""


def of_all_types(key: SeriesKey) -> SeriesKey:
    """Return the key of a counter of errors without their type; any other key as it is.

    >>> key = SeriesKey.of("llm.errors", Kind.COUNTER, "1", {"error": "Timeout", "model": "m"})
    >>> of_all_types(key).attributes
    (('model', 'm'),)
    """
    if key.kind is not Kind.COUNTER or not key.metric.endswith(".errors") or not key.get(TYPE):
        return key
    return SeriesKey(key.metric, key.kind, key.unit, tuple(a for a in key.attributes if a[0] != TYPE))


def totals_of_all_types(totals: Mapping[SeriesKey, Total]) -> dict[SeriesKey, Total]:
    """Return the totals with the types of errors merged."""
    parts: dict[SeriesKey, list[Moments]] = defaultdict(list)
    found: dict[SeriesKey, Total] = {}
    for key, total in totals.items():
        whole = of_all_types(key)
        if whole is key:
            found[key] = total
        else:
            parts[whole].append(total.moments)
    return found | {key: Total(reduce(Moments.merge, held), None) for key, held in parts.items()}


def frames_of_all_types(frames: Mapping[SeriesKey, Frame]) -> dict[SeriesKey, Frame]:
    """Return the frames with the types of errors merged, bucket by bucket."""
    parts: dict[SeriesKey, list[Frame]] = defaultdict(list)
    found: dict[SeriesKey, Frame] = {}
    for key, frame in frames.items():
        whole = of_all_types(key)
        if whole is key:
            found[key] = frame
        else:
            parts[whole].append(frame)
    return found | {key: _summed(held) for key, held in parts.items()}


def _summed(frames: list[Frame]) -> Frame:
    """Return counters added up: their increments count, `last` and the spread are not known any more."""
    starts = np.concatenate([f.start_ns for f in frames])
    unique, slot = np.unique(starts, return_inverse=True)
    counts = np.concatenate([f.count for f in frames])
    increase = np.concatenate([f.mean * f.count for f in frames])
    count = np.bincount(slot, weights=counts, minlength=unique.size).astype(np.int64)
    mean = np.bincount(slot, weights=increase, minlength=unique.size) / np.maximum(count, 1)
    low, high = np.full(unique.size, np.inf), np.full(unique.size, -np.inf)
    np.minimum.at(low, slot, np.concatenate([f.minimum for f in frames]))
    np.maximum.at(high, slot, np.concatenate([f.maximum for f in frames]))
    unknown = np.full(unique.size, np.nan)
    return Frame(unique, count, mean, unknown, low, high, unknown, unknown, unknown, unknown, unknown)
