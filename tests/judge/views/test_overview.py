"""Claims about the overview: what is broken comes first, and nothing is said that is not known."""

from dataclasses import replace

import numpy as np
import pytest

from homeostat.core.clock import SECOND_NS
from homeostat.core.metric import Better, Kind, Metric
from homeostat.core.query import Frame, Total
from homeostat.core.series import SeriesKey
from homeostat.judge.targets.limit import State, judge
from homeostat.judge.targets.statistic import statistic
from homeostat.judge.views.candidate import candidates, shown_among
from homeostat.judge.views.overview import overview, trends_words
from homeostat.judge.views.sentence import sentence
from homeostat.judge.views.window import Window
from homeostat.observe.fold import moments_of
from homeostat.stats.sketch import sketch

WINDOW = Window("15m", 0, 900 * SECOND_NS, 10 * SECOND_NS, 900 * SECOND_NS)
LATENCY = Metric(
    "answer.duration", "ms", Kind.HISTOGRAM, Better.LOWER, "", "application", "application", "p95", 200.0
)


def total_of(values: np.ndarray) -> Total:
    return Total(moments_of(np.asarray(values, dtype=np.float64)), sketch(values))


def key(metric: str = "answer.duration", **attributes: object) -> SeriesKey:
    return SeriesKey.of(metric, Kind.HISTOGRAM, "ms", attributes)


def state_of(values: np.ndarray, metric: Metric = LATENCY) -> State:
    total = total_of(values)
    return judge(statistic(total, metric.judged_by, "ms", 900.0), total.moments.count, metric).state


def test_a_limit_is_decided_only_when_the_whole_interval_is_on_one_side() -> None:
    random = np.random.default_rng(1)
    assert state_of(random.normal(100, 5, 2_000)) is State.WITHIN
    assert state_of(random.normal(300, 5, 2_000)) is State.VIOLATED
    assert state_of(np.linspace(0, 210.5, 2_000)) is State.UNKNOWN


def test_for_a_metric_that_should_be_high_the_sides_are_exchanged() -> None:
    quality = replace(LATENCY, better=Better.HIGHER, target=0.95, judged_by="mean")
    random = np.random.default_rng(2)
    assert state_of(random.normal(0.99, 0.01, 1_000), quality) is State.WITHIN
    assert state_of(random.normal(0.90, 0.01, 1_000), quality) is State.VIOLATED


def test_too_few_samples_are_not_known_and_say_about_how_many_are_missing() -> None:
    total = total_of(np.full(20, 500.0))
    found = judge(statistic(total, "p95", "ms", 900.0), 20, LATENCY)
    assert (found.state, found.needs, found.words) == (
        State.UNKNOWN,
        53,
        "not known yet: needs about 53 more",
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_samples_that_were_said_to_be_missing_are_about_enough(seed: int) -> None:
    mean_limit = replace(LATENCY, judged_by="mean", target=100.0)
    random = np.random.default_rng(seed)
    values = random.normal(99.0, 20.0, 200)
    total = total_of(values + (99.0 - values.mean()))
    first = judge(statistic(total, "mean", "ms", 900.0), 200, mean_limit)
    assert first.state is State.UNKNOWN
    assert first.needs is not None
    more = np.concatenate((values, random.normal(99.0, 20.0, 2 * first.needs)))
    more += 99.0 - more.mean()
    assert state_of(more, mean_limit) is State.WITHIN


def test_false_alarms_on_the_limit_itself_are_rare() -> None:
    """The 95th percentile of an exponential is exactly the limit: a verdict is an error, one time in 20."""
    exact = replace(LATENCY, target=float(-np.log(0.05) * 60))
    random = np.random.default_rng(3)
    decided = sum(state_of(random.exponential(60, 1_500), exact) is not State.UNKNOWN for _ in range(400))
    assert decided / 400 < 0.09


def test_the_broken_ones_come_first_the_worst_on_top() -> None:
    totals = {
        key(tier="a"): total_of(np.full(500, 100.0)),
        key(tier="b"): total_of(np.full(500, 300.0)),
        key(tier="c"): total_of(np.full(500, 900.0)),
        key("other.duration"): total_of(np.full(500, 1.0)),
    }
    found = candidates(totals, {LATENCY.name: LATENCY}, WINDOW, frozenset())
    assert [c.key.get("tier") for c in found] == ["c", "b", "a", ""]
    said = sentence(found, frozenset())
    assert said.startswith("2 of 3 limits are broken: answer.duration (c) p95 is 900 ms (limit < 200 ms)")


def test_limits_of_the_machine_are_shown_only_when_broken() -> None:
    gauge = Metric("cpu", "ms", Kind.HISTOGRAM, Better.LOWER, "", "cpu", "cpu", "mean", 10.0)
    metrics = {LATENCY.name: LATENCY, "cpu": gauge}
    calm = {key(): total_of(np.full(99, 1.0)), key("cpu", core=0): total_of(np.full(99, 5.0))}
    busy = {key(): total_of(np.full(99, 1.0)), key("cpu", core=0): total_of(np.full(99, 50.0))}
    assert [c.key.metric for c in shown_among(candidates(calm, metrics, WINDOW, frozenset({"cpu"})))] == [
        "answer.duration"
    ]
    assert [c.key.metric for c in shown_among(candidates(busy, metrics, WINDOW, frozenset({"cpu"})))] == [
        "cpu",
        "answer.duration",
    ]


def test_the_sentence_never_says_that_limits_hold_which_are_not_known() -> None:
    few = {key(): total_of(np.full(5, 1.0))}
    found = candidates(few, {LATENCY.name: LATENCY}, WINDOW, frozenset())
    assert sentence(found, frozenset()) == "Whether the limit holds is not known yet."
    both = {key(tier="a"): total_of(np.full(500, 1.0)), key(tier="b"): total_of(np.full(5, 1.0))}
    said = sentence(candidates(both, {LATENCY.name: LATENCY}, WINDOW, frozenset()), frozenset())
    assert said == "None of 2 limits is broken, 1 not known yet."


def test_nothing_measured_is_said_as_such() -> None:
    made = overview((), (), {}, WINDOW, 0, 25)
    assert made.empty
    assert made.sentence == "Nothing has been measured yet."


def test_a_counter_without_increments_in_a_bucket_has_the_rate_zero_there() -> None:
    counter = SeriesKey.of("hits", Kind.COUNTER, "1", {})
    starts = np.array([100, 300], dtype=np.int64) * SECOND_NS
    ones, nans = np.ones(2), np.full(2, np.nan)
    frame = Frame(starts, np.array([10, 20]), ones, ones, ones, ones, ones, nans, nans, nans, nans)
    found = candidates({counter: Total(moments_of(np.ones(30)), None)}, {}, WINDOW, frozenset())
    row = overview(found, found, {counter: frame}, WINDOW, 0, 25).rows[0]
    assert row.value == pytest.approx(30 / 900)
    known = [p for p in row.points if p is not None]
    assert known[0] > 0
    assert 0.0 in known
    assert row.points[0] is None


def test_a_trend_is_told_in_the_direction_in_which_the_metric_improves() -> None:
    rising = [float(i) + (i % 3) for i in range(60)]
    assert trends_words([rising], [Better.LOWER])[0] == "degrading"
    assert trends_words([rising], [Better.HIGHER])[0] == "improving"
    assert trends_words([rising], [Better.NEITHER])[0] == "rising"
    assert trends_words([rising[:5]], [Better.LOWER])[0] == "not known yet"


def test_quantiles_of_a_coarse_sender_carry_their_error() -> None:
    values = np.linspace(1, 100, 500)
    fine = total_of(values)
    coarse = Total(fine.moments, sketch(values, scale=1))
    found = candidates({key(tier="a"): fine, key(tier="b"): coarse}, {}, WINDOW, frozenset())
    errors = {r.key: r.quantile_error for r in overview(found, found, {}, WINDOW, 0, 25).rows}
    assert errors["answer.duration{tier=a}"] == pytest.approx(0.00542, abs=1e-5)
    assert errors["answer.duration{tier=b}"] == pytest.approx(0.1716, abs=1e-4)


def test_what_has_not_arrived_yet_is_no_rate_of_zero_but_a_silence_is() -> None:
    """Data of the last seconds is on its way: a line must not fall to zero at its end for that."""
    counter = SeriesKey.of("hits", Kind.COUNTER, "1", {})
    window = Window("15m", 0, 60 * SECOND_NS, SECOND_NS, 60 * SECOND_NS)
    starts = np.array([*range(10, 30), *range(40, 59)], dtype=np.int64) * SECOND_NS
    ones, nans = np.ones(starts.size), np.full(starts.size, np.nan)
    frame = Frame(starts, ones.astype(np.int64), ones, ones, ones, ones, ones, nans, nans, nans, nans)
    found = candidates({counter: Total(moments_of(ones), None)}, {}, window, frozenset())
    points = overview(found, found, {counter: frame}, window, 0, 25).rows[0].points
    assert points[:10] == (None,) * 10
    assert points[10:58] == (1.0,) * 20 + (0.0,) * 10 + (1.0,) * 18
    assert points[58:] == (None, None)


def test_a_node_that_only_watches_itself_is_empty_however_busy_its_machine() -> None:
    gauge = Metric("cpu", "ms", Kind.HISTOGRAM, Better.LOWER, "", "cpu", "cpu", "mean", 10.0)
    own = {key("cpu", service="homeostat"): total_of(np.full(99, 50.0))}
    found = candidates(own, {"cpu": gauge}, WINDOW, frozenset({"cpu"}))
    assert overview(found, shown_among(found), {}, WINDOW, 0, 25).empty
    other = {key("cpu", service="shop"): total_of(np.full(99, 5.0))}
    found = candidates(other, {"cpu": gauge}, WINDOW, frozenset({"cpu"}))
    made = overview(found, shown_among(found), {}, WINDOW, 0, 25)
    assert not made.empty
    assert made.sentence.startswith("Only the machine is measured so far")


def test_stable_is_told_only_of_what_cannot_have_changed_much() -> None:
    rng = np.random.default_rng(3)
    steady = [float(v) for v in rng.normal(100.0, 5.0, 60)]
    assert trends_words([steady], [Better.LOWER])[0] == "stable"
    queue_grows = [0.5] * 30 + [0.5 + 0.35 * i for i in range(30)]
    assert trends_words([queue_grows], [Better.LOWER])[0] in ("degrading", "not known yet")
    noisy = [float(v) for v in rng.normal(100.0, 40.0, 60)]
    assert trends_words([noisy], [Better.LOWER])[0] == "not known yet"


@pytest.mark.parametrize("begins", [10, 20, 30, 40, 48])
def test_a_step_of_a_third_is_never_called_stable(begins: int) -> None:
    rng = np.random.default_rng(begins)
    for _ in range(20):
        line = rng.normal(100.0, 3.0, 60)
        line[begins:] += 33.0
        assert trends_words([[float(v) for v in line]], [Better.LOWER])[0] != "stable"
