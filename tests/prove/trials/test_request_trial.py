"""Claims about trials by request: what is kept, what is rolled back, when, and why."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.core.change import Change, Move
from homeostat.core.errors import ConfigError
from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Objective, Summary, Term
from homeostat.core.plant import NO_ARM, Outcomes
from homeostat.core.proof import Decision
from homeostat.core.verdict import State
from homeostat.prove.trials.open_trial import open_trial
from homeostat.prove.trials.request_trial import RequestTrial
from homeostat.prove.trials.trial import Design, TrialPlan

S = 1_000_000_000
MEAN, P95 = Measure("duration"), Measure("duration", Summary.P95)
QUALITY = Measure("quality", better=Better.HIGHER)
CHANGE = Change((Move("batch", 8, 16),), "a person", "to try")


ONE = (Term(MEAN),)


def plan(*guardrails, terms=ONE, gain_min=0.0, **more):
    objective = Objective(tuple(terms), gain_min=gain_min)
    return TrialPlan("t", CHANGE, objective, tuple(guardrails), 0, 3600 * S, **more)


def batch(random, n=200, effect=0.0, loss=0.0, errors=(0.0, 0.0), share=0.5, at_s=0.0, **columns):
    arms = (random.random(n) < share).astype(np.int8)
    values = {
        "duration": random.lognormal(3.0, 0.5, n) * np.where(arms, 1 + effect, 1.0),
        "quality": random.beta(8, 2, n) * np.where(arms, 1 - loss, 1.0),
        "errors": (random.random(n) < np.where(arms, errors[1], errors[0])).astype(float),
        **columns,
    }
    return Outcomes(np.full(n, round(at_s * S)), values, {"t": arms})


def run(trial, seed=1, looks=50, every_s=40.0, **what):
    """Return the proof and how many looks it took."""
    random = np.random.default_rng(seed)
    for look in range(looks):
        at_s = (look + 1) * every_s
        trial.observe(batch(random, at_s=at_s, **what))
        proof = trial.proof(round(at_s * S))
        if proof is not None:
            return proof, look + 1
    return None, looks


def test_a_better_change_is_kept_with_its_effect_and_interval():
    proof, _ = run(open_trial(plan(Guardrail(QUALITY, 0.05))), effect=-0.2)
    assert proof.decision is Decision.KEEP
    assert proof.effect.interval.low < -0.2 < proof.effect.interval.high < 0.0
    assert proof.guardrails[0].state is State.WITHIN
    assert proof.reason.startswith("proven better: mean of duration −")
    assert abs(proof.n_control - proof.n_treatment) < 0.2 * proof.n_control


def test_a_worse_change_is_rolled_back_long_before_the_deadline():
    proof, looks = run(open_trial(plan()), effect=0.3)
    assert proof.decision is Decision.ROLL_BACK
    assert proof.reason.startswith("proven worse")
    assert looks <= 4


def test_a_change_without_effect_is_rolled_back_at_the_deadline_with_the_sentence_why():
    proof, looks = run(open_trial(plan()), looks=100)
    assert proof.decision is Decision.ROLL_BACK
    assert looks == 90
    assert proof.reason.startswith("undecided at the deadline: mean of duration ")


def test_the_trap_faster_but_worse_quality_is_rolled_back():
    proof, _ = run(open_trial(plan(Guardrail(QUALITY, 0.02))), effect=-0.3, loss=0.08)
    assert proof.decision is Decision.ROLL_BACK
    assert "a guardrail is broken: mean of quality −" in proof.reason


def test_nothing_is_kept_while_a_guardrail_is_unproven():
    trial = open_trial(plan(Guardrail(QUALITY, 0.0005)))
    proof, looks = run(trial, effect=-0.3, looks=90)
    assert proof.decision is Decision.ROLL_BACK
    assert looks == 90
    assert "'mean of quality worse by at most 0.05%' is not proven" in proof.reason


def test_failing_requests_end_a_trial_at_the_first_look():
    proof, looks = run(open_trial(plan()), effect=-0.3, errors=(0.01, 0.3))
    assert (proof.decision, looks) == (Decision.ROLL_BACK, 1)
    assert proof.reason.startswith("too many requests fail: ")


def test_errors_within_their_margin_do_not_end_a_trial():
    guardrail = Guardrail(Measure("errors"), 0.05, relative=False)
    proof, _ = run(open_trial(plan(guardrail)), effect=-0.2, errors=(0.02, 0.03))
    assert proof.decision is Decision.KEEP


def test_arms_that_do_not_fill_as_planned_end_a_trial():
    proof, _ = run(open_trial(plan()), effect=-0.3, share=0.35, looks=100)
    assert proof.decision is Decision.ROLL_BACK
    assert "the arms do not fill as planned: 3" in proof.reason


def test_late_outcomes_count_for_their_measure_and_are_no_requests():
    random = np.random.default_rng(1)
    trial = RequestTrial(plan(Guardrail(QUALITY, 0.5)))
    trial.observe(batch(random, quality=np.full(200, np.nan), at_s=1.0))
    late = batch(random, at_s=2.0, duration=np.full(200, np.nan))
    late = replace(late, arms={"t": np.ones(200, np.int8)})
    trial.observe(late)
    assert sum(trial.counts) == 200
    quality = trial.standing().guardrails[0].effect
    assert quality.treatment == pytest.approx(late.values["quality"].mean(), rel=0.05)


def test_what_ends_while_the_change_settles_is_not_counted():
    trial = RequestTrial(plan(settle_s=60.0))
    trial.observe(batch(np.random.default_rng(1), at_s=59.0))
    assert trial.counts == (0, 0)
    trial.observe(batch(np.random.default_rng(1), at_s=60.0))
    assert sum(trial.counts) == 200


def test_other_operations_other_trials_and_requests_without_arm_are_passed_over():
    trial = RequestTrial(plan())
    one = batch(np.random.default_rng(1), at_s=1.0)
    trial.observe(replace(one, operation="other"))
    trial.observe(replace(one, arms={"u": one.arms["t"]}))
    trial.observe(replace(one, arms={"t": np.full(200, NO_ARM, np.int8)}))
    assert trial.counts == (0, 0)


@pytest.mark.parametrize(
    ("columns", "bounds", "words"),
    [
        ({"quality": np.full(200, 7.0)}, {"quality": (0, 1)}, "quality of some request cannot be counted"),
        ({"duration": np.full(200, np.inf)}, {}, "duration of some request cannot be counted"),
    ],
)
def test_a_value_that_cannot_be_ends_the_trial_and_names_it(columns, bounds, words):
    trial = open_trial(plan(Guardrail(QUALITY, 0.5), bounds=bounds))
    proof, looks = run(trial, looks=1, **columns)
    assert (proof.decision, looks) == (Decision.ROLL_BACK, 1)
    assert words in proof.reason


def test_a_decision_stays():
    trial = open_trial(plan())
    proof, _ = run(trial, effect=-0.3)
    trial.observe(batch(np.random.default_rng(9), effect=9.0, at_s=3000.0))
    assert trial.proof(7200 * S) is proof
    assert trial.progress(7200 * S).words.startswith("kept after ")


def test_the_gain_asked_for_must_be_proven():
    proof, _ = run(open_trial(plan(gain_min=0.25)), effect=-0.1, looks=80)
    assert proof.decision is Decision.ROLL_BACK
    assert "proven not to be better by at least 25%" in proof.reason


def test_several_terms_are_weighted_and_told_one_by_one():
    cost = Measure("cost")
    trial = RequestTrial(plan(terms=(Term(P95, 3.0), Term(cost, 1.0))))
    random = np.random.default_rng(1)
    for _ in range(30):
        one = batch(random, effect=-0.2, at_s=1.0)
        spent = random.lognormal(0, 0.3, 200) * np.where(one.arms["t"], 1.2, 1.0)
        trial.observe(replace(one, values={**one.values, "cost": spent}))
    standing = trial.standing()
    p95, spent = standing.terms
    assert standing.objective.estimate == pytest.approx(0.75 * p95.estimate + 0.25 * spent.estimate)
    assert standing.objective.interval.confidence == pytest.approx(0.95)
    assert p95.interval.confidence == pytest.approx(0.975)
    assert "below zero being better (p95 of duration" in trial.progress(2 * S).words


def test_progress_tells_what_is_left_and_comes_true():
    trial = RequestTrial(plan(terms=(Term(P95),)))
    random = np.random.default_rng(4)
    for look in range(6):
        trial.observe(batch(random, effect=-0.1, at_s=40.0 * (look + 1)))
    before = trial.progress(240 * S)
    assert 0.0 < before.decided < 1.0
    assert before.requests_left == pytest.approx(1200 * (1 / before.decided - 1), abs=1)
    assert before.seconds_left == pytest.approx(240 * (1 / before.decided - 1), abs=1)
    assert f"{1200:,} requests, about " in before.words
    too_few = RequestTrial(plan()).progress(1)
    assert too_few.requests_left is None
    assert "too few to tell anything of mean of duration yet" in too_few.words


def test_a_relative_guardrail_without_errors_says_how_to_state_it():
    trial = RequestTrial(plan(Guardrail(Measure("errors"), 0.1)))
    proof, _ = run(trial, effect=-0.2, looks=90)
    assert "state the guardrail with relative = false" in proof.reason


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"share": 1.0}, "share of trial 't'"),
        ({"confidence": 0.2}, "confidence of trial 't'"),
        ({"terms": (Term(Measure("throughput", better=Better.HIGHER)),)}, "divide time"),
        ({"design": Design.SWITCHBACK, "settle_s": 60.0}, "make block_s longer"),
    ],
)
def test_plans_that_cannot_be_run_are_refused(wrong, words):
    with pytest.raises(ConfigError, match=words):
        plan(**wrong)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    effect=st.floats(-0.5, 0.5),
    loss=st.floats(-0.3, 0.3),
    margin=st.floats(0.01, 0.2),
    quantile=st.booleans(),
)
def test_what_is_kept_is_better_with_all_guardrails_proven(seed, effect, loss, margin, quantile):
    terms = (Term(P95 if quantile else MEAN),)
    trial = RequestTrial(plan(Guardrail(QUALITY, margin), terms=terms))
    proof, _ = run(trial, seed=seed, looks=12, effect=effect, loss=loss)
    if proof is not None and proof.decision is Decision.KEEP:
        assert proof.effect.interval.high < 0.0
        assert all(check.state is State.WITHIN for check in proof.guardrails)
        assert proof.guardrails[0].effect.interval.low > -margin


def test_the_order_of_batches_is_what_counts_not_their_size():
    whole, parts = RequestTrial(plan(terms=(Term(P95),))), RequestTrial(plan(terms=(Term(P95),)))
    one = batch(np.random.default_rng(1), n=1000, effect=-0.2, at_s=1.0)
    whole.observe(one)
    for i in range(0, 1000, 100):
        some = slice(i, i + 100)
        values = {name: column[some] for name, column in one.values.items()}
        parts.observe(Outcomes(one.ended_ns[some], values, {"t": one.arms["t"][some]}))
    assert whole.standing() == parts.standing()


def false_keeps(measure, trials, looks, memory=0.0):
    kept = 0
    for seed in range(trials):
        random = np.random.default_rng(seed)
        level = np.zeros(200 * looks)
        for i, shock in enumerate(random.normal(size=level.size - 1).tolist()):
            level[i + 1] = memory * level[i] + shock
        level = np.exp(0.5 * level * np.sqrt(1 - memory**2)).reshape(looks, 200)
        trial, proof = RequestTrial(plan(terms=(Term(measure),))), None
        for look in range(looks):
            if proof is None:
                trial.observe(batch(random, at_s=look + 1.0, duration=level[look]))
                proof = trial.proof((look + 1) * S)
        kept += proof is not None and proof.decision is Decision.KEEP
    return kept


@pytest.mark.parametrize("measure", [MEAN, P95])
def test_false_keeps_with_a_look_every_two_hundred_requests_are_rare(measure):
    assert false_keeps(measure, 40, 15, memory=0.5) <= 4  # of 40 at 5%: more in 4.8% of cases


@pytest.mark.long
@pytest.mark.parametrize("measure", [MEAN, P95])
@pytest.mark.parametrize("memory", [0.0, 0.8])
def test_false_keeps_of_many_trials_are_rare(measure, memory):
    assert false_keeps(measure, 300, 20, memory) <= 15  # 5%


def long_requests(effect, seed, seconds=600, mean_s=30.0, hang=0.0):
    """Return what a trial sees a second at a time of requests that take half a minute."""
    random = np.random.default_rng(seed)
    starts = np.sort(random.random(seconds * 5)) * seconds
    arms = (random.random(starts.size) < 0.5).astype(np.int8)
    took = random.lognormal(np.log(mean_s), 0.5, starts.size) * np.where(arms, 1 + effect, 1.0)
    took[(random.random(starts.size) < hang) & (arms == 1)] = 1e9
    ends = starts + took
    order = np.argsort(ends)
    for second in range(0, seconds, 5):
        now = order[(ends[order] >= second) & (ends[order] < second + 5)]
        yield Outcomes((ends[now] * S).astype(np.int64), {"duration": took[now] * 1e3}, {"t": arms[now]})


def test_requests_that_take_long_are_not_taken_for_lost_ones():
    trial = open_trial(plan())
    for at_s, outcomes in enumerate(long_requests(-0.5, 1)):
        trial.observe(outcomes)
        proof = trial.proof((5 * at_s + 5) * S)
        if proof is not None:
            break
    assert proof.decision is Decision.KEEP
    assert proof.effect.estimate == pytest.approx(-0.5, abs=0.15)


def test_requests_that_never_end_are_missed():
    trial = open_trial(plan())
    for at_s, outcomes in enumerate(long_requests(0.0, 1, seconds=3000, mean_s=2.0, hang=0.3)):
        trial.observe(outcomes)
        proof = trial.proof((5 * at_s + 5) * S)
        if proof is not None:
            break
    assert proof.decision is Decision.ROLL_BACK
    assert "some requests are lost, never end" in proof.reason


def test_nothing_is_kept_before_the_longest_requests_could_end():
    trial = open_trial(plan(terms=(Term(P95),)))
    one = batch(np.random.default_rng(1), n=2000, effect=-0.3, at_s=30.0)
    slow = one.values["duration"].copy()
    slow[0] = 30_000.0
    trial.observe(replace(one, values={**one.values, "duration": slow}))
    trial.observe(batch(np.random.default_rng(2), n=10, at_s=60.5))
    assert trial.proof(61 * S) is None
    assert trial.proof(91 * S).decision is Decision.KEEP
