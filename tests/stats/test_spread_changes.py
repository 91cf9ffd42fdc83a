import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.stats.spread_changes import spread_changes


def share_told(sample: object, size: int, series: int) -> float:
    return sum(bool(spread_changes(sample(size))) for _ in range(series)) / series


@pytest.mark.parametrize("kind", ["standard_normal", "lognormal", "standard_t"])
def test_noise_of_one_spread_has_a_change_told_in_at_most_5_percent(kind: str) -> None:
    rng = np.random.default_rng(51)
    samples = {
        "standard_normal": rng.standard_normal,
        "lognormal": lambda size: rng.lognormal(size=size),
        "standard_t": lambda size: rng.standard_t(3, size),
    }
    assert share_told(samples[kind], 100, 300) <= 0.05


def test_a_change_of_level_is_no_change_of_spread() -> None:
    rng = np.random.default_rng(52)
    assert share_told(lambda n: rng.standard_normal(n) + np.repeat([0.0, 5.0], n // 2), 120, 200) <= 0.06


def test_a_doubled_spread_is_told_and_placed() -> None:
    rng = np.random.default_rng(53)
    found = [spread_changes(rng.standard_normal(200) * np.repeat([1.0, 2.0], 100)) for _ in range(100)]
    told = [changes[0] for changes in found if changes]
    assert len(told) >= 85
    assert np.mean([c.low <= 100 <= c.high for c in told]) >= 0.85
    assert np.median([c.after / c.before for c in told]) == pytest.approx(2.0, rel=0.25)
    assert {c.kind for c in told} == {"spread"}


@pytest.mark.parametrize("values", [[], [1.0], [np.nan] * 50, [3.0] * 100, [1.0, 2.0] * 50])
def test_nothing_is_told_of_too_little(values: list[float]) -> None:
    assert spread_changes(values) == ()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), max_size=60))
def test_any_numbers_are_taken(values: list[float]) -> None:
    assert all(0 < c.index < len(values) for c in spread_changes(values))
