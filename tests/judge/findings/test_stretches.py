"""A day that was not as the others is an anomaly, also where no single value is."""

from dataclasses import replace

import numpy as np

from homeostat.core.finding import FindingKind
from homeostat.judge.findings.search import findings
from homeostat.judge.findings.stretches import stretches
from homeostat.judge.findings.study import Study, studied
from homeostat.testing.made_subject import made_subject


def days(rng: np.random.Generator) -> np.ndarray:
    """A line of 60 days of 24 points, with the noise of an application."""
    hour = np.arange(60 * 24) % 24
    return 100.0 + 40.0 * np.sin(2.0 * np.pi * hour / 24) + rng.normal(0.0, 8.0, hour.size)


def test_a_quiet_day_is_told_with_its_time_and_length() -> None:
    line = days(np.random.default_rng(1))
    line[24 * 30 : 24 * 31] -= 25.0
    found = findings([made_subject("load", line)])
    (told,) = stretches([studied_without_changes(line)], 0.05)
    assert told.kind is FindingKind.ANOMALY
    assert told.at_ns == 24 * 30 * 10**9
    assert "load was lower than usual at that time for 24 s" in told.words
    assert told.size is not None
    assert -0.35 < told.size < -0.15
    near = [f for f in found if abs((f.at_ns or 0) - told.at_ns) <= 2 * 10**9]
    assert near  # as a stretch, or as two jumps


def studied_without_changes(line: np.ndarray) -> Study:
    """A study in which the day is not told by two jumps already."""
    (study,) = studied([made_subject("load", line)], 0.05)
    return replace(study, changes=())


def test_lines_with_zeros_are_not_searched() -> None:
    line = days(np.random.default_rng(1))
    line[24 * 30 : 24 * 31] = 0.0
    assert stretches([studied_without_changes(line)], 0.05) == []


def test_ordinary_days_are_not_told() -> None:
    told = 0
    for seed in range(2, 12):
        found = findings([made_subject("load", days(np.random.default_rng(seed)))])
        told += any("than usual at that time" in f.words for f in found)
    assert told <= 1
