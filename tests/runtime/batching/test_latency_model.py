"""The latency model learns a line, and is never too hopeful where it cannot."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.runtime.batching.latency_model import LEARNED_FROM, LatencyModel


def learned(*batches: tuple[float, float]) -> LatencyModel:
    model = LatencyModel()
    for size, took in batches:
        model.learn(size, took)
    return model


@given(
    st.floats(0.0, 100.0),
    st.floats(0.0, 10.0),
    st.lists(st.integers(1, 64), min_size=LEARNED_FROM, max_size=60),
)
def test_a_line_is_found_as_it_is(constant: float, slope: float, sizes: list[int]) -> None:
    model = learned(*((size, constant + slope * size) for size in [1, *sizes, 64]))
    for size in (1, 30, 64):
        assert model.predict(size) == pytest.approx(constant + slope * size, rel=1e-6, abs=1e-6)


def test_nothing_is_predicted_from_two_batches() -> None:
    assert learned((1, 10.0), (2, 20.0)).predict(64) == 0.0


def test_after_batches_of_one_size_others_are_not_told_too_short() -> None:
    model = learned(*[(8.0, 24.0)] * 10)
    assert model.predict(8) == pytest.approx(24.0)
    assert model.predict(64) == pytest.approx(192.0)
    assert model.predict(1) == pytest.approx(24.0)


def test_it_follows_what_became_slower_within_some_fifty_batches() -> None:
    model = learned(*((size, 20.0 + 0.5 * size) for size in range(1, 65)))
    for size in [1, 16, 32, 64] * 40:
        model.learn(size, 40.0 + 1.0 * size)
    assert model.predict(32) == pytest.approx(72.0, rel=0.05)


def test_noise_does_not_make_the_line_fall() -> None:
    rng = random.Random(1)
    for _ in range(50):
        model = learned(*((rng.randint(1, 64), rng.expovariate(0.05)) for _ in range(100)))
        constant, slope = model.line()
        assert constant >= 0.0
        assert slope >= 0.0
