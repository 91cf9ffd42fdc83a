"""The study: one line taken apart into what repeats, the jumps of its level, and the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from homeostat.judge.findings.subject import Subject
from homeostat.stats.change_points import ChangePoint, change_points
from homeostat.stats.season_length import Season, season_lengths

Floats = NDArray[np.float64]

POINTS_MIN = 20
"""Lines with fewer points are not studied."""


@dataclass(frozen=True, slots=True)
class Study:
    """A subject with its seasons, its line without them, and the change points of that."""

    subject: Subject
    seasons: tuple[Season, ...]
    line: Floats
    changes: tuple[ChangePoint, ...]

    @property
    def rest(self) -> Floats:
        """The line without seasons and jumps: its own level everywhere."""
        return without_jumps(self.line, self.changes)

    @property
    def rest_of_logs(self) -> Floats:
        """The same of the line's logarithms, for a line that is above 0 throughout."""
        lengths = [season.length for season in self.seasons]
        return without_jumps(without_seasons(np.log(self.subject.line), lengths), self.changes)


def studied(subjects: Sequence[Subject], false_alarms: float) -> tuple[Study, ...]:
    """Return the studies of all lines that are long enough.

    In lines where nothing happens, change points are found in one or more with a probability of
    `false_alarms` in all.
    """
    asked = [s for s in subjects if np.isfinite(s.line).sum() >= POINTS_MIN]
    return tuple(_study(s, false_alarms / len(asked)) for s in asked)


def _study(subject: Subject, false_alarms: float) -> Study:
    seasons = season_lengths(subject.line, subject.step_s if subject.origin != "rows" else None)
    line = without_seasons(subject.line, [s.length for s in seasons])
    return Study(subject, seasons, line, change_points(line, false_alarms))


def without_seasons(line: Floats, lengths: Sequence[int]) -> Floats:
    """Return a line with the median of each phase of each season taken off; its level stays."""
    rest = line.copy()
    middle = float(np.nanmedian(rest))
    for length in lengths:
        phase = np.arange(rest.size) % length
        profile = np.array([np.nanmedian(rest[phase == i]) for i in range(length)])
        rest = rest - profile[phase] + middle
    return rest


def without_jumps(line: Floats, changes: Sequence[ChangePoint]) -> Floats:
    """Return a line with all its levels moved to that of the whole; as it is where its slope changes."""
    if any(c.kind != "level" for c in changes):
        return line
    rest = line.copy()
    middle = np.nanmedian(rest)
    for low, high in pairwise((0, *(c.index for c in changes), rest.size)):
        if np.isfinite(rest[low:high]).any():
            rest[low:high] += middle - np.nanmedian(rest[low:high])
    return rest
