"""Claims about Gaussian processes: closed form, learned scales and noise, and deviations that hold."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.core.errors import InputError
from homeostat.stats.gaussian_process import Kernel, fit, given
from homeostat.stats.quasi_newton import minimise

Floats = NDArray[np.float64]


def matern(kernel: Kernel, one: Floats, other: Floats) -> float:
    """Return the covariance of two points, by the formula."""
    d = math.sqrt(
        sum(((a - b) / length) ** 2 for a, b, length in zip(one, other, kernel.lengths, strict=True))
    )
    return kernel.amplitude**2 * (1 + math.sqrt(5) * d + 5 * d * d / 3) * math.exp(-math.sqrt(5) * d)


def test_the_posterior_is_that_of_the_joint_normal_distribution() -> None:
    random = np.random.default_rng(1)
    kernel = Kernel((0.3, 0.8, 2.0), 1.7, 0.2)
    x, y, at = random.random((12, 3)), random.normal(5.0, 1.0, 12), random.random((4, 3))
    both = np.concatenate((x, at))
    joint = np.array([[matern(kernel, a, b) for b in both] for a in both])
    inverse = np.linalg.inv(joint[:12, :12] + 0.04 * np.eye(12))
    mean = y.mean() + joint[12:, :12] @ inverse @ (y - y.mean())
    spread = joint[12:, 12:] - joint[12:, :12] @ inverse @ joint[:12, 12:]
    process = given(kernel, x, y)
    found, deviation = process.predict(at)
    np.testing.assert_allclose(found, mean, rtol=1e-6)
    np.testing.assert_allclose(deviation, np.sqrt(np.diag(spread)), rtol=1e-6)
    sign, size = np.linalg.slogdet(joint[:12, :12] + 0.04 * np.eye(12))
    off = y - y.mean()
    evidence = -0.5 * (off @ inverse @ off + sign * size + 12 * math.log(2 * math.pi))
    assert process.evidence == pytest.approx(evidence, rel=1e-6)


def test_without_noise_it_passes_through_its_points_and_far_away_knows_nothing() -> None:
    process = given(Kernel((0.02,), 2.0, 0.0), [[0.1], [0.2]], [3.0, 5.0])
    mean, deviation = process.predict([[0.1], [0.2], [1.0]])
    np.testing.assert_allclose(mean, [3.0, 5.0, 4.0], atol=1e-5)
    np.testing.assert_allclose(deviation, [0.0, 0.0, 2.0], atol=1e-3)


def test_a_fit_is_more_likely_than_its_neighbours() -> None:
    random = np.random.default_rng(2)
    x = random.random((60, 2))
    y = np.sin(7.0 * x[:, 0]) + random.normal(0.0, 0.2, 60)
    process = fit(x, y)
    kernel = process.kernel

    def posterior(lengths: tuple[float, ...], amplitude: float, noise: float) -> float:
        scale = float(y.std())
        off = [(math.log(length) - math.log(0.7 * math.sqrt(2.0))) / 0.7 for length in lengths]
        off += [(math.log(amplitude / scale) - math.log(1.5)) / 0.5, math.log(noise / scale / 0.3)]
        return given(Kernel(lengths, amplitude, noise), x, y).evidence - 0.5 * sum(z * z for z in off)

    best = posterior(kernel.lengths, kernel.amplitude, kernel.noise)
    for factor in (0.8, 1.25):
        one, other = kernel.lengths
        assert posterior((factor * one, other), kernel.amplitude, kernel.noise) < best
        assert posterior((one, factor * other), kernel.amplitude, kernel.noise) < best
        assert posterior(kernel.lengths, factor * kernel.amplitude, kernel.noise) < best
        assert posterior(kernel.lengths, kernel.amplitude, factor * kernel.noise) < best


def test_a_dimension_that_does_not_matter_gets_a_long_scale_and_noise_is_found() -> None:
    random = np.random.default_rng(3)
    x = random.random((80, 3))
    kernel = fit(x, 10.0 * np.sin(5.0 * x[:, 0]) + random.normal(0.0, 2.0, 80)).kernel
    assert kernel.lengths[0] < 1.2 < 3.0 * kernel.lengths[0] < min(kernel.lengths[1:])
    assert 1.6 < kernel.noise < 2.4


def held(points: int, reps: int, *, known: bool) -> float:
    """Return the share of unseen places at which mean +- 1.96 deviations hold the function."""
    shares = []
    for seed in range(reps):
        random = np.random.default_rng(seed)
        bottom, steep = random.random(3), random.uniform(0.2, 2.0, 3)
        x, at = random.random((points, 3)), random.random((200, 3))
        y = ((x - bottom) ** 2 @ steep) + random.normal(0.0, 0.1, points)
        mean, deviation = fit(x, y, 0.1 if known else None).predict(at)
        shares.append(np.mean(np.abs((at - bottom) ** 2 @ steep - mean) < 1.96 * deviation))
    return float(np.mean(shares))


@pytest.mark.parametrize("known", [False, True])
def test_its_deviations_are_about_right_from_forty_points_on(known: bool) -> None:
    assert 0.90 <= held(40, 15, known=known) <= 0.99


@pytest.mark.long
def test_its_deviations_are_about_right_over_many_functions() -> None:
    assert 0.92 <= held(40, 100, known=False) <= 0.98
    assert 0.93 <= held(80, 60, known=False) <= 0.98
    assert held(15, 100, known=False) >= 0.80


def test_values_in_other_units_give_the_same_function() -> None:
    random = np.random.default_rng(5)
    x, at = random.random((25, 2)), random.random((5, 2))
    y = x[:, 0] ** 2 + random.normal(0.0, 0.1, 25)
    one, other = fit(x, y).predict(at), fit(x, 7.0 + 1_000.0 * y).predict(at)
    np.testing.assert_allclose(7.0 + 1_000.0 * one[0], other[0], rtol=1e-4)
    np.testing.assert_allclose(1_000.0 * one[1], other[1], rtol=1e-3)


def test_points_measured_twice_and_equal_values_do_no_harm() -> None:
    x = np.array([[0.5, 0.5]] * 10 + [[0.1, 0.9]])
    mean, deviation = fit(x, np.full(11, 3.0)).predict([[0.5, 0.5], [0.9, 0.1]])
    np.testing.assert_allclose(mean, 3.0)
    assert deviation[0] < deviation[1]
    assert np.isfinite(fit(x, [1.0, 1.2] * 5 + [4.0]).predict(x)[0]).all()
    mean, _ = fit(x[:2], [1.0, 2.0]).predict([[0.5, 0.5]])
    assert mean[0] == pytest.approx(1.5, abs=0.01)


def test_noisier_points_count_less() -> None:
    x = np.array([[0.5], [0.5], [0.2], [0.8]])
    mean, _ = fit(x, [1.0, 5.0, 1.0, 1.0], [0.01, 10.0, 0.1, 0.1]).predict([[0.5]])
    assert mean[0] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("x", "y", "noise", "words"),
    [
        ([[0.5], [1.5]], [1.0, 2.0], None, "unit cube"),
        ([[0.5], [math.nan]], [1.0, 2.0], None, "unit cube"),
        ([0.5, 0.6], [1.0, 2.0], None, "rows"),
        ([[0.1] * 7] * 3, [1.0] * 3, None, "1 to 6"),
        ([[0.5]], [1.0], None, "2 to 300"),
        ([[0.5]] * 301, [1.0] * 301, None, "2 to 300"),
        ([[0.5], [0.6]], [1.0, math.inf], None, "finite"),
        ([[0.5], [0.6]], [1.0, 2.0], -0.1, "deviations"),
    ],
)
def test_what_makes_no_sense_is_refused(x: object, y: object, noise: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        fit(x, y, noise)  # type: ignore[arg-type]


def test_places_of_other_dimensions_are_refused() -> None:
    process = given(Kernel((0.5,), 1.0, 0.1), [[0.1], [0.2]], [1.0, 2.0])
    with pytest.raises(InputError, match="1 dimensions"):
        process.predict([[0.1, 0.2]])


def test_the_search_finds_the_bottom_of_rosenbrocks_valley() -> None:
    def valley(x: Floats) -> tuple[float, Floats]:
        rise = x[1] - x[0] ** 2
        slope = np.array([-400.0 * x[0] * rise - 2.0 * (1.0 - x[0]), 200.0 * rise])
        return float(100.0 * rise**2 + (1.0 - x[0]) ** 2), slope

    place, value = minimise(valley, np.array([-1.2, 1.0]), rounds=200, tolerance=1e-14)
    np.testing.assert_allclose(place, 1.0, atol=1e-4)
    assert value < 1e-8
