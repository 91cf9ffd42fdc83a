"""Claims about the sample-ratio check: false alarms stay rare at every look, and mismatches are found."""

import math

import numpy as np
import pytest

from homeostat.core.errors import ConfigError, InputError
from homeostat.stats.sample_ratio import SampleRatio


def looks_until_mismatch(share: float, truth: float, step: int, looks: int, alpha: float, seed: int) -> float:
    random = np.random.default_rng(seed)
    counts = SampleRatio(share)
    for look, treated in enumerate(random.binomial(step, truth, looks).tolist(), start=1):
        counts.extend(treated, step - treated)
        if counts.mismatch(alpha):
            return look
    return math.inf


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_a_kept_plan_is_hardly_ever_refuted_however_often_one_looks(share: float) -> None:
    alarms = [looks_until_mismatch(share, share, 3, 500, 0.05, seed) < math.inf for seed in range(400)]
    assert np.mean(alarms) <= 0.05


def test_a_share_five_points_off_is_found_after_some_1600_units() -> None:
    found = [looks_until_mismatch(0.5, 0.45, 20, 300, 0.001, seed) for seed in range(100)]
    assert 1_200 < 20 * float(np.median(found)) < 2_100


def test_the_evidence_is_the_mixture_of_likelihoods() -> None:
    counts = SampleRatio(0.3)
    counts.extend(80, 100)
    shares = (np.arange(200_000) + 0.5) / 200_000
    prior = 90.0 * np.log(shares) + 210.0 * np.log1p(-shares) - np.log(shares) - np.log1p(-shares)
    ratio = 80.0 * np.log(shares / 0.3) + 100.0 * np.log((1.0 - shares) / 0.7)
    weights = np.exp(prior - prior.max())
    mixture = float((weights * np.exp(ratio)).sum() / weights.sum())
    assert counts.p_value == pytest.approx(1.0 / mixture, rel=1e-6)


def test_units_of_one_look_may_come_in_any_order() -> None:
    one, many = SampleRatio(0.5), SampleRatio(0.5)
    one.extend(0, 60)
    for _ in range(60):
        many.extend(0, 1)
    assert one.p_value == pytest.approx(many.p_value)


def test_a_proven_mismatch_is_not_forgotten() -> None:
    counts = SampleRatio(0.5)
    counts.extend(300, 0)
    counts.extend(5_000, 5_300)
    assert counts.mismatch()
    assert counts.seen == 0.5


def test_without_units_nothing_is_refuted() -> None:
    assert SampleRatio(0.5).p_value == 1.0
    assert math.isnan(SampleRatio(0.5).seen)


def test_what_makes_no_sense_is_refused_with_its_value() -> None:
    with pytest.raises(ConfigError, match=r"1\.5"):
        SampleRatio(1.5)
    with pytest.raises(InputError, match="-3"):
        SampleRatio(0.5).extend(-3, 1)
    with pytest.raises(ConfigError, match="alpha"):
        SampleRatio(0.5).mismatch(0.0)
