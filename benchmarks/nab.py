"""The Numenta Anomaly Benchmark: its series, detections, and scores without tuned labels."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.nab_scorer import Profile, Tally, Window, chosen_by_others, probation, score, tally

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A series with its times in s and its labelled windows, as indices of their first and last records."""

    name: str
    times_s: Floats
    values: Floats
    windows: tuple[Window, ...]

    @property
    def category(self) -> str:
        """The folder that it lies in."""
        return self.name.partition("/")[0]


def labelled_series(folder: Path) -> tuple[Labelled, ...]:
    """Read all series of a folder in the benchmark's own layout (data/CATEGORY/FILE.csv, labels/)."""
    labels = json.loads((folder / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    return tuple(
        _labelled(folder / "data" / name, name, windows)
        for name, windows in sorted(labels.items())
        if (folder / "data" / name).is_file()
    )


def _labelled(path: Path, name: str, windows: Sequence[Sequence[str]]) -> Labelled:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    times = np.array([_seconds(row["timestamp"]) for row in rows])
    bounds = [(_seconds(first), _seconds(last)) for first, last in windows]
    return Labelled(
        name,
        times,
        np.array([float(row["value"]) for row in rows]),
        tuple((int(np.argmax(times >= a)), int(np.flatnonzero(times <= b)[-1])) for a, b in bounds),
    )


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


Detect = Callable[[Floats, float], Sequence[int]]
"""Scores of a series' records and a threshold -> the indices of its detections."""


def one_an_incident(quiet_records: int) -> Detect:
    """Return the rule that a detection is followed by silence for some records."""

    def detect(scores: Floats, threshold: float) -> Sequence[int]:
        above = np.flatnonzero(scores >= threshold)
        found: list[int] = []
        for at in above[above >= probation(scores.size)].tolist():
            if not found or at - found[-1] > quiet_records:
                found.append(at)
        return found

    return detect


@dataclass(frozen=True, slots=True)
class Tallies:
    """What the detections at each threshold are worth: a row a series, a column a threshold."""

    series: tuple[Labelled, ...]
    thresholds: Floats
    rows: tuple[tuple[Tally, ...], ...]

    def points(self, profile: Profile) -> Floats:
        """Return the raw scores, in the same shape."""
        return np.array([[cell.points(profile) for cell in row] for row in self.rows])

    def best(self, profile: Profile) -> tuple[float, float]:
        """Return the score and the threshold tuned on the labels of the very series scored."""
        at = int(self.points(profile).sum(axis=0).argmax())
        return self.at(profile, [at] * len(self.rows)), float(self.thresholds[at])

    def cross_validated(self, profile: Profile, folds: Sequence[object]) -> float:
        """Return the score where the threshold of each series is the best one for all other folds."""
        names = sorted({str(fold) for fold in folds})
        groups = np.array([names.index(str(fold)) for fold in folds])
        return self.at(profile, chosen_by_others(self.points(profile), groups).tolist())

    def at(self, profile: Profile, columns: Sequence[int], categories: frozenset[str] = frozenset()) -> float:
        """Return the score with one column for each series, over all or over some categories."""
        cells = [
            row[column]
            for series, row, column in zip(self.series, self.rows, columns, strict=True)
            if not categories or series.category in categories
        ]
        return score(cells, profile)


def tallies(
    series: Sequence[Labelled], scores: Sequence[Floats], thresholds: Floats, detect: Detect
) -> Tallies:
    """Score every series at every threshold."""
    for one in series:
        assert all(a[1] < b[0] for a, b in pairwise(one.windows)), f"windows of {one.name} overlap"
    rows = tuple(
        tuple(tally(detect(found, float(t)), one.windows, one.values.size) for t in thresholds)
        for one, found in zip(series, scores, strict=True)
    )
    return Tallies(tuple(series), thresholds, rows)
