"""Two recordings are held against each other: what is there is found, what is not is not told."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.core.metric import Better
from homeostat.core.query import Total
from homeostat.judge.comparisons.arm import StretchArm, ValuesArm
from homeostat.judge.comparisons.comparison import Comparison, Outcome, Pair, compare
from homeostat.judge.tabular.readings import moments_of
from homeostat.judge.targets.direction import Direction, direction_of
from homeostat.stats.effect import effect, quantile_of, ratio_of_sums
from homeostat.stats.sketch import sketch

Floats = NDArray[np.float64]


def arm(values: Floats) -> ValuesArm:
    return ValuesArm(values, values, values.size)


def pair(name: str, first: Floats, second: Floats, *statistics: str) -> Pair:
    return Pair(name, name, "ms", direction_of(name), arm(first), arm(second), statistics or ("mean", "p95"))


def compared(
    name: str, first: Floats, second: Floats, *statistics: str, threshold: float = 0.05
) -> Comparison:
    return compare("before", "after", [pair(name, first, second, *statistics)], threshold)


def ar(rng: np.random.Generator, phi: float, shape: tuple[int, int]) -> Floats:
    noise = rng.normal(size=(shape[0], shape[1] + 100))
    values = noise.copy()
    for i in range(1, values.shape[1]):
        values[:, i] += phi * values[:, i - 1]
    return values[:, 100:] * math.sqrt(1 - phi * phi)


def test_a_known_shift_is_found_with_its_interval() -> None:
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(60):
        first, second = rng.lognormal(4, 0.4, 800), 1.25 * rng.lognormal(4, 0.4, 800)
        (row,) = compared("latency", first, second, "mean").rows
        assert row.outcome is Outcome.WORSE
        assert row.change_low is not None
        assert row.change_high is not None
        inside += row.change_low <= 0.25 <= row.change_high
    assert inside >= 53


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("latency", Outcome.WORSE), ("throughput", Outcome.BETTER), ("value", Outcome.DIFFERENT)],
)
def test_the_direction_decides_what_a_rise_is(name: str, outcome: Outcome) -> None:
    rng = np.random.default_rng(2)
    (row,) = compared(name, rng.normal(10, 1, 300), rng.normal(12, 1, 300), "mean").rows
    assert row.outcome is outcome


def test_a_difference_that_is_proven_small_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    (row,) = compared("latency", rng.normal(100, 5, 4_000), rng.normal(101, 5, 4_000), "mean").rows
    assert row.outcome is Outcome.SAME
    assert row.p_value is not None
    assert row.p_value < 0.001


def test_what_is_not_known_yet_says_how_many_more_values_would_decide() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.lognormal(4, 1.0, 120), 1.12 * rng.lognormal(4, 1.0, 120)
    (row,) = compared("latency", first, second, "mean").rows
    assert row.outcome is Outcome.UNKNOWN
    (few,) = compared("latency", first[:8], second[:8], "mean").rows
    assert few.needs == 22
    assert few.words == "not known yet: needs 22 more values"


def test_the_number_of_values_asked_for_decides_half_of_the_time() -> None:
    rng = np.random.default_rng(5)
    decided = asked = 0
    for _ in range(60):
        first, second = rng.normal(10, 4, 100), rng.normal(11, 4, 100)
        (row,) = compared("latency", first, second, "mean").rows
        if row.needs is None or row.change is None or row.change < 0.05:
            continue
        n = 100 + row.needs
        asked += 1
        more = compared("latency", rng.normal(10, 4, n), rng.normal(10 * (1 + row.change), 4, n), "mean")
        decided += more.rows[0].outcome is Outcome.WORSE
    assert asked > 10
    assert decided / asked > 0.4


def false_alarms(made: dict[str, Floats], statistics: tuple[str, ...]) -> dict[str, float]:
    """The share of p-values below .05 for pairs of rows that come from the same thing."""
    share = {}
    for name, rows in made.items():
        low = known = 0
        for first, second in zip(rows[::2], rows[1::2], strict=True):
            for statistic in statistics:
                a, b = arm(first).estimate(statistic), arm(second).estimate(statistic)
                if a is not None and b is not None:
                    known += 1
                    low += effect(a, b).p_value < 0.05
        share[name] = low / known
    return share


def recordings(paths: int, n: int) -> dict[str, Floats]:
    rng = np.random.default_rng(6)
    return {
        "normal": 10 + rng.normal(size=(paths, n)),
        "lognormal": rng.lognormal(0, 1, (paths, n)),
        "exponential": rng.exponential(1.0, (paths, n)),
        "AR(1) .5": 10 + ar(rng, 0.5, (paths, n)),
        "AR(1) .8": 10 + ar(rng, 0.8, (paths, n)),
    }


def test_two_recordings_of_the_same_thing_differ_as_rarely_as_is_said() -> None:
    for name, share in false_alarms(recordings(400, 500), ("mean",)).items():
        assert share <= 0.085, name  # 200 pairs: .05 and two and a half standard errors


@pytest.mark.long
def test_the_same_with_more_recordings_and_the_p95() -> None:
    made = recordings(3_000, 1_000)
    for statistic in ("mean", "p95"):
        for name, share in false_alarms(made, (statistic,)).items():
            assert share <= 0.065, (name, statistic)


def test_over_many_metrics_of_the_same_thing_hardly_any_is_called_different() -> None:
    rng = np.random.default_rng(7)
    told = 0
    for _ in range(60):
        pairs = [
            pair(f"latency {i}", rng.lognormal(4, 0.5, 200), rng.lognormal(4, 0.5, 200)) for i in range(10)
        ]
        found = compare("a", "b", pairs, 0.0)
        told += any(r.outcome in (Outcome.WORSE, Outcome.BETTER) for r in found.rows)
    assert told <= 8


def test_constants_that_differ_differ_and_equal_ones_do_not() -> None:
    (same,) = compared("latency", np.full(50, 5.0), np.full(50, 5.0), "mean").rows
    assert same.outcome is Outcome.SAME
    (other,) = compared("latency", np.full(50, 5.0), np.full(50, 6.0), "mean").rows
    assert other.outcome is Outcome.WORSE
    (from_zero,) = compared("errors", np.zeros(50), np.full(50, 1.0), "mean").rows
    assert (from_zero.outcome, from_zero.change_words) == (Outcome.WORSE, "from 0")


def test_values_on_both_sides_of_zero_are_held_against_their_spread() -> None:
    rng = np.random.default_rng(8)
    (row,) = compared("value", rng.normal(0, 1, 2_000), rng.normal(0.5, 1, 2_000), "mean").rows
    assert row.outcome is Outcome.DIFFERENT
    assert row.change == pytest.approx(0.5, abs=0.1)
    assert "of its standard deviation" in row.words


def test_stretches_of_a_store_give_what_the_values_give() -> None:
    rng = np.random.default_rng(9)
    values = rng.lognormal(4, 0.5, 3_200)
    parts = tuple(Total(moments_of(v), sketch(v)) for v in np.array_split(values, 32))
    stretched, single = StretchArm(parts, 1.0), arm(values)
    for statistic in ("mean", "p95"):
        a, b = stretched.estimate(statistic), single.estimate(statistic)
        assert a is not None
        assert b is not None
        assert a.value == pytest.approx(b.value, rel=0.02)
        width = (a.interval.high - a.interval.low) / (b.interval.high - b.interval.low)
        assert 0.5 < width < 2.0


def test_the_score_is_the_product_of_its_parts() -> None:
    rng = np.random.default_rng(10)
    base = rng.normal(100, 5, 500)
    found = compare(
        "a",
        "b",
        [
            pair("latency", base, 2 * base, "mean"),
            pair("cost", base, base, "mean"),
            pair("zzz", base, 3 * base, "mean"),
        ],
    )
    assert found.score.value == pytest.approx(100 * math.sqrt(0.5), rel=1e-3)
    assert math.prod(p.factor for p in found.score.parts) * 100 == pytest.approx(found.score.value)
    assert [p.title for p in found.score.parts] == ["latency mean", "cost mean"]
    assert found.regressed


def test_nothing_in_common_is_told() -> None:
    found = compare("a", "b", [])
    assert found.words.startswith("The two have no metric in common")
    assert (found.score.value, found.regressed) == (None, False)


@pytest.mark.parametrize(
    ("name", "better"),
    [("cache_hit_ratio", Better.HIGHER), ("error_rate", Better.LOWER), ("requests_per_second", Better.HIGHER),
     ("TTFT (ms)", Better.LOWER), ("accuracy", Better.HIGHER), ("KSI", Better.NEITHER)],
)  # fmt: skip
def test_the_direction_of_a_name_is_guessed_and_the_guess_said(name: str, better: Better) -> None:
    assert direction_of(name) == Direction(better, True)
    assert direction_of(name, said={name: Better.LOWER}) == Direction(Better.LOWER, False)


def test_too_few_pieces_give_no_estimate() -> None:
    assert ratio_of_sums(np.ones(5), np.ones(5)) is None
    assert quantile_of(arm(np.arange(20.0)), 0.95) is None
    assert ratio_of_sums(np.ones(50), np.zeros(50)) is None
