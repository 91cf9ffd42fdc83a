"""Claims about many questions at once: the false discovery rate is held, by the obvious definition."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError, InputError
from homeostat.stats.multiplicity import benjamini_hochberg, e_benjamini_hochberg, e_value_of


def false_discovery_rate(dependence: float, procedure: str) -> tuple[float, float]:
    """Simulate 40 tests, 30 of true hypotheses; return the rate and the power."""
    random = np.random.default_rng(1)
    rates, powers = [], []
    for _ in range(400):
        shared = random.standard_normal()
        z = math.sqrt(dependence) * shared + math.sqrt(1 - dependence) * random.standard_normal(40)
        shift = np.where(np.arange(40) < 30, 0.0, 4.0)
        if procedure == "p":
            p = np.array([0.5 * math.erfc(x / math.sqrt(2)) for x in z + shift])
            told = benjamini_hochberg(p, 0.1)
        else:
            told = e_benjamini_hochberg(np.exp(4.0 * (z + shift) - 8.0), 0.1)
        rates.append(told[:30].sum() / max(told.sum(), 1))
        powers.append(told[30:].mean())
    return float(np.mean(rates)), float(np.mean(powers))


@pytest.mark.parametrize("dependence", [0.0, 0.7])
@pytest.mark.parametrize("procedure", ["p", "e"])
def test_the_false_discovery_rate_is_held(dependence: float, procedure: str) -> None:
    rate, power = false_discovery_rate(dependence, procedure)
    assert rate <= 0.1
    assert power > 0.5


@given(st.lists(st.floats(0.0, 1.0), max_size=30), st.floats(0.01, 0.5))
def test_p_values_are_rejected_by_the_definition(values: list[float], rate: float) -> None:
    n = len(values)
    assume(all(abs(p * n / k - rate) > 1e-12 for k in range(1, n + 1) for p in values))  # no ties to round
    most = max(
        (k for k in range(len(values) + 1) if k == 0 or sorted(values)[k - 1] <= rate * k / len(values)),
        default=0,
    )
    told = benjamini_hochberg(values, rate)
    expected = [most > 0 and p <= sorted(values)[most - 1] for p in values]
    assert told.tolist() == expected


@given(st.lists(st.floats(0.0, 1e9), max_size=30), st.floats(0.01, 0.5))
def test_e_values_are_rejected_by_the_definition(values: list[float], rate: float) -> None:
    ordered = sorted(values, reverse=True)
    most = max((k for k in range(1, len(values) + 1) if k * ordered[k - 1] >= len(values) / rate), default=0)
    told = e_benjamini_hochberg(values, rate)
    assert told.tolist() == [most > 0 and e >= ordered[most - 1] for e in values]


def test_nothing_and_infinite_evidence_are_told_right() -> None:
    assert benjamini_hochberg([]).tolist() == []
    assert e_benjamini_hochberg([]).tolist() == []
    assert e_benjamini_hochberg([math.inf, 1.0]).tolist() == [True, False]


def test_a_p_values_e_value_is_expected_to_be_one() -> None:
    p = (np.arange(100_000) + 0.5) / 100_000
    assert np.mean([e_value_of(float(x)) for x in p]) == pytest.approx(1.0, abs=0.01)
    assert e_value_of(0.0) == math.inf


def test_evidence_that_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="nan"):
        benjamini_hochberg([0.1, math.nan])
    with pytest.raises(InputError, match=r"1\.2"):
        benjamini_hochberg([1.2])
    with pytest.raises(InputError, match="-1"):
        e_benjamini_hochberg([-1.0])
    with pytest.raises(InputError, match="one row"):
        benjamini_hochberg([[0.1]])
    with pytest.raises(InputError, match="p-value"):
        e_value_of(2.0)
    with pytest.raises(ConfigError, match="rate"):
        benjamini_hochberg([0.1], 5.0)
