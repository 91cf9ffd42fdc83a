"""Claims about confidence sequences: they hold the truth at all looks; updating is working it out anew."""

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from homeostat.core.errors import ConfigError, InputError
from homeostat.core.interval import Interval
from homeostat.stats.bounded_mean_sequence import BoundedMeanSequence
from homeostat.stats.confidence_sequence import ConfidenceSequence, normal_mixture
from homeostat.stats.difference import difference, surely
from homeostat.stats.mean_sequence import MeanSequence
from homeostat.stats.proportion_sequence import ProportionSequence
from homeostat.stats.quantile_sequence import PRIOR_WORTH, QuantileSequence

Floats = NDArray[np.float64]
Make = Callable[[], ConfidenceSequence]

KINDS: tuple[Make, ...] = (MeanSequence, BoundedMeanSequence, ProportionSequence, QuantileSequence)
P95 = 1.6448536269514722


def records(make: Make, n: int, seed: int = 1) -> Floats:
    """Return records that the kind can take."""
    random = np.random.default_rng(seed)
    if make is ProportionSequence:
        return (random.random(n) < 0.2).astype(np.float64)
    return random.beta(2.0, 5.0, n)


def known(sequence: ConfidenceSequence) -> Interval:
    found = sequence.interval()
    assert found is not None
    return found


def autoregression(random: np.random.Generator, coefficient: float, paths: int, n: int) -> Floats:
    noise = random.standard_normal((n, paths))
    for k in range(1, n):
        noise[k] = coefficient * noise[k - 1] + math.sqrt(1.0 - coefficient**2) * noise[k]
    return np.ascontiguousarray(noise.T)


def ever_missed(make: Make, paths: Floats, truth: float, first: int = 100) -> float:
    """Return the share of paths on which some interval misses."""
    missed = 0
    for path in paths:
        sequence = make()
        sequence.extend(path[: first - 1])
        for value in path[first - 1 :].tolist():
            sequence.add(value)
            found = sequence.interval()
            if found is not None and not found.low <= truth <= found.high:
                missed += 1
                break
    return missed / len(paths)


def draw(name: str, paths: int, n: int) -> tuple[Floats, float, float]:
    """Return paths, their mean and their p95."""
    random = np.random.default_rng(7)
    if name == "lognormal":
        return random.lognormal(0.0, 1.0, (paths, n)), math.exp(0.5), math.exp(P95)
    if name == "exponential":
        return random.exponential(1.0, (paths, n)), 1.0, math.log(20.0)
    coefficient = {"normal": 0.0, "AR .5": 0.5, "AR .8": 0.8}[name]
    return autoregression(random, coefficient, paths, n), 0.0, P95


PROCESSES = ("normal", "lognormal", "exponential", "AR .5", "AR .8")


@pytest.mark.parametrize("process", PROCESSES)
def test_the_means_intervals_hold_together(process: str) -> None:
    paths, mean, _ = draw(process, 200, 1_000)
    assert ever_missed(MeanSequence, paths, mean) <= 0.06


@pytest.mark.long
@pytest.mark.parametrize("process", PROCESSES)
def test_at_most_five_percent_of_paths_are_ever_missed(process: str) -> None:
    paths, mean, p95 = draw(process, 2_000, 2_000)
    assert ever_missed(MeanSequence, paths, mean) <= 0.05
    assert ever_missed(QuantileSequence, paths[:1_000], p95) <= 0.06


@pytest.mark.long
@pytest.mark.parametrize("share", [0.5, 0.05, 0.01])
def test_proportions_of_independent_records_hold_from_the_first_on(share: float) -> None:
    paths = (np.random.default_rng(8).random((1_000, 1_500)) < share).astype(np.float64)
    assert ever_missed(lambda: ProportionSequence(first_look=2), paths, share, first=2) <= 0.05
    assert ever_missed(lambda: BoundedMeanSequence(first_look=2), paths, share, first=2) <= 0.05


@pytest.mark.parametrize("make", [BoundedMeanSequence, ProportionSequence])
def test_exact_sequences_hold_together_from_early_on(make: Callable[..., ConfidenceSequence]) -> None:
    paths = (np.random.default_rng(9).random((300, 400)) < 0.3).astype(np.float64)
    assert ever_missed(lambda: make(first_look=5), paths, 0.3, first=5) <= 0.05


@pytest.mark.parametrize("process", ["normal", "AR .8"])
def test_the_quantiles_intervals_hold_together(process: str) -> None:
    paths, _, p95 = draw(process, 200, 800)
    assert ever_missed(QuantileSequence, paths, p95) <= 0.07


@pytest.mark.parametrize("probability", [0.001, 0.05, 0.5, 0.9, 0.99, 0.999])
def test_quantiles_far_out_are_held_too(probability: float) -> None:
    paths = np.random.default_rng(10).random((30, 600))
    assert ever_missed(lambda: QuantileSequence(probability), paths, probability) <= 0.1


def test_the_t_interval_that_is_looked_at_misses_where_the_sequence_does_not() -> None:
    paths, mean, _ = draw("AR .8", 100, 500)
    n = np.arange(1, 501)
    running = np.cumsum(paths, axis=1) / n
    spread = np.sqrt(np.maximum(np.cumsum(paths**2, axis=1) / n - running**2, 0.0) / n)
    by_t = (np.abs(running - mean) > 1.96 * spread)[:, 99:].any(axis=1).mean()
    assert by_t > 0.5
    assert ever_missed(MeanSequence, paths, mean) <= 0.07


def test_the_means_interval_is_at_most_2_2_times_as_wide_as_the_t_interval() -> None:
    for n in (100, 500, 2_000):
        ratios = []
        for seed in range(100):
            sequence = MeanSequence()
            sequence.extend(np.random.default_rng(seed).standard_normal(n))
            found = known(sequence)
            ratios.append((found.high - found.low) / (2 * 1.96 * math.sqrt(sequence.variance / n)))
        assert np.median(ratios) <= 2.2


@pytest.mark.parametrize("make", KINDS)
def test_extending_equals_adding_one_by_one(make: Make) -> None:
    values = records(make, 3_000)
    one, whole, pieces = make(), make(), make()
    for value in values.tolist():
        one.add(value)
    whole.extend(values)
    begin = 0
    for size in (1, 7, 92, 1, 24, 3, 2, 500, 1_000, 1_370):
        pieces.extend(values[begin : begin + size])
        begin += size
    assert begin == values.size
    for other in (whole, pieces):
        assert other.n == one.n
        assert other._due == one._due
        assert other.inflation == pytest.approx(one.inflation, rel=1e-9)
        assert other.estimate == pytest.approx(one.estimate, rel=1e-12)
        assert known(other).low == pytest.approx(known(one).low, rel=1e-6)
        assert known(other).high == pytest.approx(known(one).high, rel=1e-6)


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("kept_at", [0, 50, 100, 777])
def test_a_sequence_that_was_kept_as_json_goes_on_as_if_never_away(make: Make, kept_at: int) -> None:
    values = records(make, 1_500).tolist()
    stayed, went = make(), make()
    for value in values[:kept_at]:
        stayed.add(value)
        went.add(value)
    text = json.dumps(went.state(), allow_nan=False)
    back = type(went).restore(json.loads(text))
    assert back.interval() == stayed.interval()
    for value in values[kept_at:]:
        stayed.add(value)
        back.add(value)
    assert back.interval() == stayed.interval()
    assert back.estimate == stayed.estimate


def test_the_state_of_another_kind_or_version_is_refused() -> None:
    state = MeanSequence().state()
    with pytest.raises(InputError, match="MeanSequence"):
        ProportionSequence.restore(state)
    del state["_cubes"]
    with pytest.raises(InputError, match="_cubes"):
        MeanSequence.restore(state)


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e200])
def test_what_is_no_number_is_refused_and_changes_nothing(make: Make, bad: float) -> None:
    sequence = make()
    sequence.extend(records(make, 120))
    before = sequence.state()
    with pytest.raises(InputError, match="record"):
        sequence.add(bad)
    with pytest.raises(InputError, match="record"):
        sequence.extend([0.0, 1.0, bad])
    assert sequence.state() == before


def test_values_out_of_bounds_are_refused() -> None:
    with pytest.raises(InputError, match=r"between 0.0 and 1.0.*1.5"):
        BoundedMeanSequence().add(1.5)
    with pytest.raises(InputError, match="0 or 1"):
        ProportionSequence().add(0.5)
    with pytest.raises(InputError, match="one row"):
        MeanSequence().extend([[1.0]])


def test_settings_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(ConfigError, match="confidence"):
        MeanSequence(confidence=95)
    with pytest.raises(ConfigError, match="first_look"):
        MeanSequence(first_look=1)
    with pytest.raises(ConfigError, match="bounds"):
        BoundedMeanSequence(1.0, 1.0)
    with pytest.raises(ConfigError, match="probability"):
        QuantileSequence(95)


@pytest.mark.parametrize("make", KINDS)
def test_there_is_no_interval_before_the_first_look(make: Make) -> None:
    sequence = make()
    assert math.isnan(sequence.estimate)
    sequence.extend(records(make, 99))
    assert sequence.interval() is None
    sequence.add(1.0)
    assert sequence.interval() is not None


@given(
    value=st.floats(-1e80, 1e80, allow_subnormal=False),
    n=st.integers(100, 700),
)
def test_a_constant_stream_gives_a_point(value: float, n: int) -> None:
    mean, median = MeanSequence(), QuantileSequence(0.5)
    mean.extend([value] * n)
    median.extend([value] * n)
    assert known(mean).low <= value <= known(mean).high
    assert known(mean).high - known(mean).low <= 1e-9 * abs(value)
    assert (known(median).low, known(median).high) == (value, value)


@given(st.floats(-50.0, 50.0), st.integers(0, 1))
def test_the_interval_of_a_mean_moves_and_stretches_with_the_unit(exponent: float, sign: int) -> None:
    values = records(MeanSequence, 400)
    scale = (1 - 2 * sign) * 10.0**exponent
    plain, scaled = MeanSequence(), MeanSequence()
    plain.extend(values)
    scaled.extend(values * scale)
    ends = sorted((known(plain).low * scale, known(plain).high * scale))
    assert known(scaled).low == pytest.approx(ends[0], rel=1e-7)
    assert known(scaled).high == pytest.approx(ends[1], rel=1e-7)


def test_the_mean_and_variance_are_exact_far_from_zero() -> None:
    values = 1e9 + np.random.default_rng(3).random(5_000)
    sequence = MeanSequence()
    for value in values.tolist():
        sequence.add(value)
    assert sequence.estimate == pytest.approx(values.mean(), abs=1e-6)
    assert sequence.variance == pytest.approx(values.var(ddof=1), rel=1e-6)


def slow_proportion(hits: float, n: float, confidence: float) -> tuple[float, float]:
    """Search the ends of the beta-binomial set on a fine grid: the obvious oracle."""
    p = np.linspace(0.0, 1.0, 2_000_001)[1:-1]
    mixture = math.lgamma(0.5 + hits) + math.lgamma(0.5 + n - hits) - math.lgamma(1 + n) - math.log(math.pi)
    held = p[mixture - hits * np.log(p) - (n - hits) * np.log1p(-p) < -math.log(1 - confidence)]
    return float(held[0]), float(held[-1])


@pytest.mark.parametrize(("hits", "n"), [(0, 100), (1, 100), (50, 100), (100, 100), (37, 900), (899, 900)])
def test_the_proportions_interval_is_the_beta_binomial_set(hits: int, n: int) -> None:
    values = np.zeros(n)
    values[np.random.default_rng(4).permutation(n)[:hits]] = 1.0
    sequence = ProportionSequence(first_look=n)
    sequence.extend(values)
    low, high = slow_proportion(hits / sequence.inflation, n / sequence.inflation, 0.95)
    assert known(sequence).low == pytest.approx(low, abs=2e-4)
    assert known(sequence).high == pytest.approx(high, abs=2e-4)
    assert known(sequence).low <= low + 1e-6
    assert known(sequence).high >= high - 1e-6


def test_the_bounded_means_interval_is_that_of_the_paper() -> None:
    values = records(BoundedMeanSequence, 700)
    sequence = BoundedMeanSequence(first_look=100)
    bets, guesses = [], []
    for value in values.tolist():
        bets.append(sequence._bet)
        guesses.append(sequence._guess)
        sequence.add(value)
    bet, guess = np.array(bets), np.array(guesses)
    costs = ((values - guess) ** 2 * (-np.log1p(-bet) - bet)).sum()
    centre = (bet * values).sum() / bet.sum()
    half = (sequence.inflation * math.log(2 / 0.05) + costs) / bet.sum()
    assert known(sequence).low == pytest.approx(centre - half, rel=1e-9)
    assert known(sequence).high == pytest.approx(centre + half, rel=1e-9)


def test_bounds_other_than_0_and_1_only_change_the_unit() -> None:
    values = records(BoundedMeanSequence, 500)
    plain, scaled = BoundedMeanSequence(), BoundedMeanSequence(-10.0, 30.0)
    plain.extend(values)
    scaled.extend(values * 40.0 - 10.0)
    assert known(scaled).low == pytest.approx(known(plain).low * 40.0 - 10.0)
    assert known(scaled).high == pytest.approx(known(plain).high * 40.0 - 10.0)


def log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("n", [100, 250, 2_000])
def test_the_quantiles_ranks_are_those_of_a_slow_search(probability: float, n: int) -> None:
    sequence = QuantileSequence(probability)
    sequence.extend(np.random.default_rng(5).normal(0.0, 1.0, n))
    a, b = PRIOR_WORTH * (1.0 - probability), PRIOR_WORTH * probability
    others = n / sequence.inflation

    def evidence(hits: float) -> float:
        mixture = log_beta(a + hits, b + others - hits) - log_beta(a, b)
        return mixture - hits * math.log(1.0 - probability) - (others - hits) * math.log(probability)

    likely = [k for k in range(n + 1) if evidence(k / sequence.inflation) < math.log(20.0)]
    assert sequence._likely() == (likely[-1], likely[0])


def test_a_quantiles_interval_reaches_between_samples() -> None:
    values = np.random.default_rng(6).normal(0.0, 10.0, 1_000)
    sequence = QuantileSequence(0.5, first_look=1_000)
    sequence.extend(values)
    most, fewest = sequence._likely()
    ordered = np.sort(values)[::-1]
    low, high = ordered[most], ordered[fewest - 1]
    found = known(sequence)
    assert found.low <= low
    assert found.low == pytest.approx(low, rel=0.012)
    assert found.high >= high
    assert found.high == pytest.approx(high, rel=0.012)
    assert sequence.estimate == pytest.approx(ordered[499], rel=0.012)


def test_an_end_of_a_quantile_is_infinite_while_no_sample_lies_beyond() -> None:
    sequence = QuantileSequence(0.99)
    sequence.extend(records(QuantileSequence, 120))
    assert known(sequence).high == math.inf
    assert known(sequence).low > -math.inf


def test_autocorrelation_widens_every_interval() -> None:
    random = np.random.default_rng(11)
    for make in KINDS:
        values = records(make, 1_000)
        mixed, runs = make(), make()
        mixed.extend(random.permutation(np.repeat(values, 5)))
        runs.extend(np.repeat(values, 5))
        assert runs.inflation > 3.0 > mixed.inflation
        assert known(runs).high - known(runs).low > 1.4 * (known(mixed).high - known(mixed).low)


@pytest.mark.parametrize("prior", [0.5, 6.0])
def test_a_brownian_path_passes_the_late_mixtures_level_as_often_as_it_says(prior: float) -> None:
    random = np.random.default_rng(12)
    steps = random.standard_normal((4_000, 400))
    steps[:, 0] *= math.sqrt(50.0)  # the first look is at time 50
    time = np.arange(50.0, 450.0)
    q = prior * time / 50.0
    z2 = np.cumsum(steps, axis=1) ** 2 / time
    level = normal_mixture(0.8, prior)
    passed = (z2 * q / (1 + q) - np.log1p(q) > 2 * level).any(axis=1).mean()
    assert 0.07 < passed <= 0.2


def test_the_difference_of_equal_arms_holds_zero() -> None:
    random = np.random.default_rng(13)
    missed = 0
    for one, other in random.lognormal(0.0, 0.8, (100, 2, 500)):
        a, b = MeanSequence(), MeanSequence()
        for x, y in zip(one.tolist(), other.tolist(), strict=True):
            a.add(x)
            b.add(y)
            found = difference(a, b)
            if found is not None and not found.low <= 0.0 <= found.high:
                missed += 1
                break
    assert missed <= 7


def test_the_difference_is_narrower_than_what_surely_holds() -> None:
    arms = []
    for seed in (1, 2):
        arm = ProportionSequence()
        arm.extend(records(ProportionSequence, 800, seed))
        arms.append(arm)
    found, wide = difference(*arms), surely(arms[0].interval(), arms[1].interval())
    assert found is not None
    assert wide is not None
    assert wide.low < found.low < found.high < wide.high
    assert wide.confidence == 0.9


def test_there_is_no_difference_while_an_arm_has_no_interval() -> None:
    ready, empty = MeanSequence(), MeanSequence()
    ready.extend(records(MeanSequence, 200))
    assert difference(ready, empty) is None
    assert surely(ready.interval(), empty.interval()) is None


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(("mine", "theirs"), [(0, 700), (700, 0), (37, 850), (850, 37), (640, 731)])
def test_merged_streams_are_as_good_as_one(make: Make, mine: int, theirs: int) -> None:
    values = records(make, mine + theirs)
    whole, one, other = make(), make(), make()
    whole.extend(values)
    one.extend(values[:mine])
    other.extend(values[mine:])
    before = other.state()
    one.merge(other)
    assert other.state() == before
    assert one.n == whole.n
    assert one.estimate == pytest.approx(whole.estimate, rel=1e-12)
    assert one.inflation == pytest.approx(whole.inflation, rel=0.5)
    width = known(whole).high - known(whole).low
    assert known(one).low == pytest.approx(known(whole).low, abs=0.35 * width)
    assert known(one).high == pytest.approx(known(whole).high, abs=0.35 * width)
    one.extend(records(make, 300))
    assert one.n == mine + theirs + 300


def test_merging_shifts_moments_and_memory_to_one_origin() -> None:
    random = np.random.default_rng(14)
    values = autoregression(random, 0.7, 1, 4_000)[0] ** 2 + np.repeat([50.0, 90.0], 2_000)
    whole, one, other = MeanSequence(), MeanSequence(), MeanSequence()
    for into, part in ((whole, values), (one, values[:2_000]), (other, values[2_000:])):
        into.extend(part)
    one.merge(other)
    whole._close()
    assert one.variance == pytest.approx(whole.variance, rel=1e-9)
    assert one._skewness() == pytest.approx(whole._skewness(), rel=1e-6)
    assert one._memory.inflation() == pytest.approx(whole._memory.inflation(), rel=0.05)


def test_only_sequences_of_one_kind_and_setting_are_merged() -> None:
    with pytest.raises(ConfigError, match="merged"):
        MeanSequence().merge(MeanSequence(confidence=0.9))
    with pytest.raises(ConfigError, match="probability"):
        QuantileSequence(0.5).merge(QuantileSequence(0.95))
