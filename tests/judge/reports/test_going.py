"""Claims about where a metric is said to go in a report."""

import numpy as np
import pytest

from homeostat.judge.reports.going import POINTS, thinned
from homeostat.judge.reports.report import Recording, make_report
from homeostat.testing.made_subject import made_subject


def said(line: np.ndarray) -> str:
    """Return the trend that a report of this line alone tells."""
    (metric,) = make_report(Recording("t", "s", (made_subject("latency", line),)), 0, "0").metrics
    return metric.trend


def test_what_surely_stayed_is_stable_also_with_a_season() -> None:
    rng = np.random.default_rng(4)
    calm = rng.normal(100.0, 2.0, 600)
    assert said(calm) == "stable"
    season = 40.0 * np.sin(2.0 * np.pi * np.arange(600) / 24)
    assert said(calm + season) == "stable"


def test_that_no_trend_was_found_is_not_called_stable() -> None:
    rng = np.random.default_rng(5)
    assert said(rng.normal(100.0, 60.0, 40)) == "not known yet"
    assert said(rng.normal(100.0, 2.0, 10)) == "not known yet"
    walk = 100.0 + np.cumsum(rng.normal(0.0, 4.0, 300))
    assert said(walk) != "stable"


@pytest.mark.parametrize("at", [100, 300, 500])
def test_what_jumped_by_a_third_is_not_stable(at: int) -> None:
    rng = np.random.default_rng(6)
    assert said(rng.normal(100.0, 2.0, 600) + 33.0 * (np.arange(600) >= at)) == "not known yet"


def test_a_trend_is_told_with_its_size() -> None:
    rng = np.random.default_rng(7)
    assert said(np.linspace(100, 130, 300) + rng.normal(0, 6, 300)).startswith("degrading, ")


def test_a_thinned_line_has_the_means_of_its_blocks_and_gaps_where_all_is_unknown() -> None:
    line = np.arange(601.0)  # blocks of 11, of which the first begins at 7
    line[7:18] = np.nan
    line[20] = np.nan
    short = thinned(line)
    assert short.size == 54 <= POINTS
    assert np.isnan(short[0])
    assert short[1] == np.mean([18, 19, 21, 22, 23, 24, 25, 26, 27, 28])
    assert short[-1] == np.mean(line[-11:])
