"""Where a metric is going, in words: what its trend says, or that it surely stayed where it was."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.judge.findings.study import Study
from homeostat.judge.views.overview import STABLE_WITHIN
from homeostat.stats.steadiness import steady
from homeostat.stats.trend import trend

Floats = NDArray[np.float64]

POINTS = 60
"""A line is thinned to the means of so many blocks, for which the guarantee of `steady` was measured."""


def going(title: str, study: Study | None, found: Sequence[Finding]) -> str:
    """Return the metric's trend if one was found, `stable` if it cannot have changed much, else that this is
    not known.

    What is judged is the line without its seasons, from which jumps are not taken off: what jumped by more
    than `STABLE_WITHIN` is not called stable.
    """
    for one in found:
        if one.kind is FindingKind.TREND and one.title == title:
            return f"{_direction(one)}, {one.size_words}"
    if study is None:
        return "not known yet"
    line = thinned(study.line)
    return "stable" if steady(line, trend(line), STABLE_WITHIN) else "not known yet"


def thinned(line: Floats) -> Floats:
    """Return the means of at most `POINTS` blocks of equal length, which end where the line ends."""
    block = max(-(-line.size // POINTS), 1)
    kept = line[line.size % block :].reshape(-1, block)
    known = np.isfinite(kept)
    sums = np.where(known, kept, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), np.nan)


def _direction(found: Finding) -> str:
    if found.course is Course.NEITHER:
        return "rising" if (found.size or 0.0) > 0 else "falling"
    return "degrading" if found.course is Course.WORSE else "improving"
