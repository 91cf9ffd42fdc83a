"""What is learned of calls that run beside others."""

import math

import numpy as np
import pytest

from homeostat.core.errors import ConfigError
from homeostat.runtime.tools.busy import Company
from homeostat.runtime.tools.side_by_side import PAIRS_MAX, TOOLS_MAX, SideBySide

SECONDS = {"search": 0.2, "read": 3.0, "model": 8.0}


def learned(
    calls: int, seed: int, slower_beyond: int = 64, slower: float = 0.0, pair: tuple[str, str] | None = None
) -> SideBySide:
    """Calls of three tools at 1 to 12 at once; beyond a width all are slower, one beside another too."""
    rng = np.random.default_rng(seed)
    found = SideBySide()
    for _ in range(calls):
        tool = str(rng.choice(list(SECONDS)))
        width = int(rng.integers(1, 13))
        other = str(rng.choice(list(SECONDS)))
        share = float(rng.choice([0.0, 1.0])) if width > 1 else 0.0
        took = SECONDS[tool] * math.exp(rng.normal(0.0, 0.3))
        took *= 1 + slower if width > slower_beyond else 1.0
        took *= 1.4 if pair == (tool, other) and share else 1.0
        found.learn(tool, took, Company(width, {other: share}))
    return found


def test_that_more_than_six_at_once_are_slower_is_found_with_its_interval() -> None:
    found = learned(3_000, 1, slower_beyond=6, slower=0.15)
    (told,) = found.findings()
    assert told.words.startswith("more than 6 at once: 1")
    assert told.ratio.low < 0.15 < told.ratio.high
    assert told.ratio.low > 0.05


def test_nothing_is_told_of_calls_that_do_not_hinder_each_other() -> None:
    told = [f.words for seed in range(20) for f in learned(800, seed).findings()]
    assert len(told) <= 1


def test_two_tools_that_contend_are_named() -> None:
    found = learned(4_000, 2, pair=("read", "search"))
    words = [told.words for told in found.findings()]
    assert [w for w in words if w.startswith("read beside search")]
    assert not [w for w in words if w.startswith(("search beside", "model beside"))]


def test_speed_up_grows_with_the_width_where_nothing_hinders() -> None:
    rows = {row.at_once: row for row in learned(4_000, 3).widths()}
    assert rows[1].speed_up is None
    speed_up = rows[8].speed_up
    assert speed_up is not None
    assert speed_up.low < 8.0 < speed_up.high
    assert speed_up.low > 5.0


def test_what_a_tool_takes_is_known_after_a_few_calls() -> None:
    found = learned(500, 4)
    assert found.expected_s("model") == pytest.approx(8.0, rel=0.2)
    assert found.expected_s("unknown") == 1.0


def test_it_is_bounded_and_counts_what_it_leaves_out() -> None:
    found = SideBySide()
    names = [f"tool_{n}" for n in range(TOOLS_MAX + 5)]
    for _ in range(2):
        for name in names:
            found.learn(name, 1.0, Company(2.0, dict.fromkeys(names, 1.0)))
    assert found.left_out == 10
    assert len(found._pairs) <= PAIRS_MAX


def test_a_call_takes_time() -> None:
    with pytest.raises(ConfigError, match=r"'search' takes some time, not 0\.0 s"):
        SideBySide().learn("search", 0.0, Company(1.0, {}))
