"""Claims about switchbacks: blocks in random pairs, carry-over left out, throughput, drift."""

from collections import Counter

import numpy as np
import pytest

from homeostat.core.change import Change, Move
from homeostat.core.errors import ConfigError
from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Objective, Summary, Term
from homeostat.core.plant import CONTROL, TREATMENT, Outcomes
from homeostat.core.proof import Decision
from homeostat.prove.trials.open_trial import open_trial
from homeostat.prove.trials.steered import arm_at, steered
from homeostat.prove.trials.switchback_trial import SwitchbackTrial
from homeostat.prove.trials.trial import Design, TrialPlan

S = 1_000_000_000
MEAN = Measure("duration")
THROUGHPUT = Measure("throughput", better=Better.HIGHER)
CHANGE = Change((Move("workers", 4, 8),), "a person", "to try")


def plan(measure=MEAN, *guardrails, name="t", design=Design.SWITCHBACK, begin_ns=100 * S, **more):
    objective = Objective((Term(measure),))
    deadline_ns = begin_ns + 7200 * S
    setup = {"block_s": 20.0, "settle_s": 5.0, **more}
    return TrialPlan(name, CHANGE, objective, tuple(guardrails), begin_ns, deadline_ns, design, **setup)


def run(trial, effect=0.0, carry_s=0.0, faster=0.0, drift=0.0, fails=0.0, seed=1, seconds=7300):
    """Feed a trial a second at a time: durations by the arm, of which the last one lasts on for a while."""
    random = np.random.default_rng(seed)
    setup = trial.plan
    for second in range(seconds):
        now_ns = setup.begin_ns + second * S
        treated = arm_at(setup, now_ns - round(carry_s * S)) == TREATMENT
        n = random.poisson(8 * (1 + faster * (arm_at(setup, now_ns) == TREATMENT)))
        level = (100.0 + drift * second) * (1 + effect * treated)
        errors = (random.random(n) < fails * treated).astype(float)
        values = {"duration": level * random.lognormal(0, 0.4, n), "errors": errors}
        trial.observe(Outcomes(np.full(n, now_ns), values, {}))
        if second % 5 == 0:
            proof = trial.proof(now_ns)
            if proof is not None:
                return proof
    return None


def test_every_pair_of_blocks_has_both_arms_in_an_order_drawn_anew():
    setup = plan()
    arms = [arm_at(setup, setup.begin_ns + block * 20 * S) for block in range(400)]
    pairs = Counter((arms[i], arms[i + 1]) for i in range(0, 400, 2))
    assert set(pairs) == {(CONTROL, TREATMENT), (TREATMENT, CONTROL)}
    assert min(pairs.values()) > 70
    assert arm_at(setup, setup.begin_ns + 20 * S - 1) == arms[0]


def test_the_application_is_steered_to_the_arm_of_the_block():
    setup = plan()
    for block in range(10):
        now_ns = setup.begin_ns + block * 20 * S
        steering = steered({"workers": 4, "cache": 1}, [setup], now_ns)
        assert steering.base == {"workers": 8 if arm_at(setup, now_ns) == TREATMENT else 4, "cache": 1}
        assert steering.splits == ()


def test_a_better_change_is_kept_though_the_level_drifts():
    proof = run(open_trial(plan()), effect=-0.2, drift=0.05)
    assert proof.decision is Decision.KEEP
    assert proof.effect.interval.low < -0.2 < proof.effect.interval.high < 0
    assert proof.design == "time divided into blocks at random"
    assert proof.end_ns < 2000 * S


def test_a_worse_change_is_rolled_back():
    proof = run(open_trial(plan()), effect=0.3)
    assert proof.decision is Decision.ROLL_BACK
    assert proof.reason.startswith("proven worse")


def test_a_drift_without_effect_is_not_kept():
    proof = run(open_trial(plan()), drift=0.2)
    assert proof.decision is Decision.ROLL_BACK
    assert proof.reason.startswith("undecided at the deadline")
    assert proof.end_ns >= proof.begin_ns + 7200 * S


def test_carry_over_is_left_out():
    clean = run(open_trial(plan()), effect=-0.3, carry_s=5.0)
    smeared = run(open_trial(plan(settle_s=0.0)), effect=-0.3, carry_s=5.0)
    assert clean.effect.estimate == pytest.approx(-0.3, abs=0.03)
    assert smeared.effect.estimate > -0.27


@pytest.mark.parametrize("measure", [Measure("duration", Summary.P95), Measure("duration", Summary.P50)])
def test_quantiles_are_told_by_block(measure):
    proof = run(open_trial(plan(measure)), effect=-0.3)
    assert proof.decision is Decision.KEEP
    assert proof.effect.estimate == pytest.approx(-0.3, abs=0.06)


def test_throughput_is_requests_a_second():
    proof = run(open_trial(plan(THROUGHPUT)), faster=0.5)
    assert proof.decision is Decision.KEEP
    assert proof.terms[0].control == pytest.approx(8.0, rel=0.15)
    assert proof.terms[0].estimate == pytest.approx(0.5, abs=0.15)


def test_a_block_in_which_everything_fails_ends_the_trial_before_its_pair_is_over():
    proof = run(open_trial(plan()), effect=-0.3, fails=0.8)
    assert proof.decision is Decision.ROLL_BACK
    assert proof.end_ns <= proof.begin_ns + 40 * S
    assert "in one block with the change" in proof.reason


def test_a_guardrail_on_errors_is_held_by_blocks():
    guardrail = Guardrail(Measure("errors"), 0.02, relative=False)
    proof = run(open_trial(plan(MEAN, guardrail)), effect=-0.3, fails=0.1)
    assert proof.decision is Decision.ROLL_BACK
    assert "a guardrail is broken: mean of errors +0." in proof.reason


def test_outcomes_before_the_beginning_and_of_other_operations_do_not_count():
    trial = SwitchbackTrial(plan())
    values = {"duration": np.ones(5)}
    trial.observe(Outcomes(np.full(5, 99 * S), values, {}))
    trial.observe(Outcomes(np.full(5, 110 * S), values, {}, operation="other"))
    assert trial.counts == (0, 0)


def test_a_value_that_cannot_be_ends_the_trial():
    trial = SwitchbackTrial(plan(bounds={"duration": (0.0, 10.0)}))
    trial.observe(Outcomes(np.full(5, 110 * S), {"duration": np.full(5, 11.0)}, {}))
    proof = trial.proof(111 * S)
    assert proof.decision is Decision.ROLL_BACK
    assert "duration of some request cannot be counted: it is 11, not from 0 to 10" in proof.reason


def test_a_plan_of_another_design_is_refused():
    with pytest.raises(ConfigError, match="not by blocks of time"):
        SwitchbackTrial(plan(design=Design.REQUEST))


def test_the_values_of_blocks_that_are_counted_are_forgotten():
    trial = SwitchbackTrial(plan())
    for second in range(1000):
        trial.observe(Outcomes(np.full(3, (100 + second) * S), {"duration": np.ones(3)}, {}))
        trial.proof((100 + second) * S)
    assert trial.pairs == 24
    assert len(trial._blocks) <= 4


def test_ratings_that_come_long_after_their_block_count_for_the_arm_of_their_request():
    quality = Measure("quality", better=Better.HIGHER)
    trial = open_trial(plan(MEAN, Guardrail(quality, 0.05)))
    setup, random, proof = trial.plan, np.random.default_rng(1), None
    for second in range(7300):
        now_ns = setup.begin_ns + second * S
        treated = arm_at(setup, now_ns) == TREATMENT
        took = 100 * random.lognormal(0, 0.3, 5) * (0.7 if treated else 1.0)
        asked_ns = now_ns - 90 * S
        worse = 0.8 if arm_at(setup, asked_ns) == TREATMENT else 1.0
        values = {
            "duration": np.append(took, np.full(2, np.nan)),
            "quality": np.append(np.full(5, np.nan), worse * random.normal(0.8, 0.05, 2)),
        }
        ended_ns = np.append(np.full(5, now_ns), np.full(2, asked_ns))
        trial.observe(Outcomes(ended_ns, values, {}))
        proof = trial.proof(now_ns)
        if proof is not None:
            break
    assert proof.decision is Decision.ROLL_BACK
    assert "a guardrail is broken: mean of quality −" in proof.reason
    assert proof.guardrails[0].effect.estimate == pytest.approx(-0.2, abs=0.03)


def swinging(trial, effect, seed, spread=0.75, seconds=7300):
    """Feed a trial whose level wanders by minutes, from a third to three times its middle and beyond."""
    random = np.random.default_rng(seed)
    setup, level = trial.plan, 0.0
    for second in range(0, seconds, 5):
        if second % 20 == 0:
            level = 0.8 * level + 0.6 * random.normal()
        now_ns = setup.begin_ns + second * S
        ratio = 1.0 + effect * (arm_at(setup, now_ns) == TREATMENT)
        took = 1_000.0 * np.exp(spread * level) * ratio * random.lognormal(0, 0.3, 20)
        trial.observe(Outcomes(np.full(20, now_ns), {"duration": took}, {}))
        proof = trial.proof(now_ns)
        if proof is not None:
            return proof
    return None


def test_a_gain_is_proven_while_the_level_swings_twentyfold():
    proofs = [swinging(open_trial(plan(name=f"t{seed}")), -0.5, seed) for seed in range(8)]
    assert [p.decision for p in proofs].count(Decision.KEEP) >= 7
    assert all(p.effect.interval.low > -1.0 for p in proofs)


@pytest.mark.long
def test_a_level_that_swings_twentyfold_is_no_gain():
    proofs = [swinging(open_trial(plan(name=f"t{seed}")), 0.0, seed) for seed in range(40)]
    assert [p.decision for p in proofs].count(Decision.KEEP) <= 4


def test_where_a_blocks_number_may_be_zero_ratios_are_those_of_means():
    trial = SwitchbackTrial(plan(Measure("cost")))
    for second in range(2000):
        now_ns = (100 + second) * S
        cost = np.full(4, 0.0 if second < 200 else 1.0 + (arm_at(trial.plan, now_ns) == TREATMENT))
        trial.observe(Outcomes(np.full(4, now_ns), {"duration": np.ones(4), "cost": cost}, {}))
        trial.progress(now_ns)
    effect = trial.standing().objective
    assert effect.estimate == pytest.approx(1.0)
    assert effect.interval is not None
