"""Claims about the Gaussian process: closed form, learned scales and noise, deviations that hold."""

import math

import numpy as np
import pytest

from homeostat.core.errors import InputError
from homeostat.stats.gaussian_process import Prior, _Data, fit


def wave(x: np.ndarray) -> np.ndarray:
    return np.sin(4 * x[:, 0]) * x[:, 1] + 2 * x[:, 2]


def test_the_gradient_is_that_of_the_density() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((25, 3))
    data = _Data(x, wave(x), np.full(25, 0.01), Prior())
    at = Prior().centre(3) + rng.normal(0, 0.3, 6)
    numeric = [
        (data.slope_of_log_density(at + s)[0] - data.slope_of_log_density(at - s)[0]) / 2e-5
        for s in 1e-5 * np.eye(6)
    ]
    np.testing.assert_allclose(data.slope_of_log_density(at)[1], numeric, rtol=1e-4, atol=1e-5)


def test_the_posterior_is_that_of_the_joint_normal_distribution() -> None:
    rng = np.random.default_rng(1)
    x, y, at = rng.random((12, 3)), rng.normal(5.0, 1.0, 12), rng.random((4, 3))
    known = rng.random(12) / 10
    process = fit(x, y, variances=known)
    amplitude, slope, noise = np.exp(process.logs[3:])

    def prior(a: np.ndarray, b: np.ndarray) -> float:
        d = math.sqrt(5.0) * math.dist(a / process.lengths, b / process.lengths)
        trend = slope**2 * float((a - 0.5) @ (b - 0.5))
        return Prior().level ** 2 + trend + amplitude**2 * (1 + d + d * d / 3) * math.exp(-d)

    both = np.concatenate((x, at))
    joint = np.array([[prior(a, b) for b in both] for a in both])
    inverse = np.linalg.inv(joint[:12, :12] + np.diag(noise**2 + known))
    mean = np.median(y) + joint[12:, :12] @ inverse @ (y - np.median(y))
    spread = joint[12:, 12:] - joint[12:, :12] @ inverse @ joint[:12, 12:]
    found, sd = process.predict(at)
    np.testing.assert_allclose(found, mean, rtol=1e-5)
    np.testing.assert_allclose(sd, np.sqrt(np.diag(spread)), rtol=1e-5)
    np.testing.assert_allclose(process.covariance(at, at), spread, rtol=1e-4, atol=1e-7)


def test_a_fit_is_more_probable_than_its_neighbours() -> None:
    rng = np.random.default_rng(2)
    x = rng.random((60, 2))
    y = np.sin(7.0 * x[:, 0]) + rng.normal(0.0, 0.2, 60)
    process = fit(x, y, steps=200)
    data = _Data(x, y - np.median(y), np.zeros(60), Prior())
    best = data.slope_of_log_density(process.logs)[0]
    for step in 0.2 * np.eye(process.logs.size):
        assert data.slope_of_log_density(process.logs + step)[0] < best
        assert data.slope_of_log_density(process.logs - step)[0] < best


def test_points_measured_twice_equal_values_and_a_single_one_do_no_harm() -> None:
    x = [[0.5, 0.5]] * 10 + [[0.1, 0.9]]
    mean, sd = fit(x, np.full(11, 3.0)).predict([[0.5, 0.5], [0.9, 0.1]])
    np.testing.assert_allclose(mean, 3.0, atol=1e-6)
    assert sd[0] < sd[1]
    assert fit([[0.5]], [7.0]).predict([[0.5]])[0][0] == pytest.approx(7.0)


def test_intervals_of_95_percent_cover_a_smooth_function_and_noise_is_found() -> None:
    covered, noises = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x, at = rng.random((60, 3)), rng.random((200, 3))
        process = fit(x, wave(x) + 0.15 * rng.normal(size=60))
        mean, sd = process.predict(at)
        covered.append(np.mean(np.abs(mean - wave(at)) <= 1.96 * sd))
        noises.append(process.noise)
    assert np.mean(covered) >= 0.93
    assert 0.11 < np.median(noises) < 0.19


def test_an_input_that_does_not_matter_gets_a_long_length() -> None:
    rng = np.random.default_rng(2)
    x = rng.random((60, 2))
    lengths = fit(x, np.sin(8 * x[:, 0]) + 0.05 * rng.normal(size=60)).lengths
    assert lengths[1] > 2 * lengths[0]


def test_uncertainty_grows_away_from_the_measurements() -> None:
    process = fit([[0.1], [0.12], [0.15]], [0.0, 0.01, -0.01])
    sd = process.predict([[0.12], [0.3], [0.9]])[1]
    assert sd[0] < sd[1] < sd[2]


def test_known_variances_are_believed() -> None:
    x = [[0.2], [0.2], [0.8]]
    mean, _ = fit(x, [0.0, 1.0, 0.5], variances=[1e-6, 4.0, 1.0]).predict([[0.2]])
    assert abs(mean[0]) < 0.2


def test_what_is_not_finite_or_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        fit([[0.1], [0.2]], [1.0, np.inf])
    with pytest.raises(InputError, match="rows"):
        fit([[0.1], [0.2]], [1.0])
