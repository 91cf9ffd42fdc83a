"""Claims about what follows a keep: hold-backs see a later loss, watches see a lasting one."""

import numpy as np
import pytest

from homeostat.core.change import Change, Move
from homeostat.core.errors import ConfigError
from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Objective, Term
from homeostat.core.plant import Outcomes
from homeostat.core.proof import Decision, Effect, GuardrailCheck, Proof
from homeostat.core.verdict import State
from homeostat.prove.trials.hold_back import HoldBack, hold_back_plan
from homeostat.prove.trials.open_trial import open_hold_back
from homeostat.prove.trials.steered import steered
from homeostat.prove.trials.trial import Design, TrialPlan
from homeostat.prove.trials.watch import Watch

S = 1_000_000_000
HOUR = 3600 * S
QUALITY = Measure("quality", better=Better.HIGHER)
CHANGE = Change((Move("batch", 8, 16),), "a person", "to try")
TRIAL = TrialPlan(
    "t", CHANGE, Objective((Term(Measure("duration")),)), (Guardrail(QUALITY, 0.05),), 0, HOUR, block_s=60.0
)
SWITCHBACK = TrialPlan(
    "t", CHANGE, TRIAL.objective, TRIAL.guardrails, 0, HOUR, Design.SWITCHBACK, block_s=60.0
)


def proof(control=100.0):
    effect = Effect("mean of duration", control, 80.0, -0.2, None)
    quality = GuardrailCheck("q", State.WITHIN, Effect("mean of quality", 0.8, 0.8, 0.0, None))
    return Proof(Decision.KEEP, "", effect, (effect,), (quality,), 1, 1, 0, HOUR, "")


def held(effect_of, hours=24, share=0.05, seed=1, loss=0.0):
    """Run a hold-back with a load of 600 requests an hour and minute-wise looks."""
    plan = hold_back_plan(TRIAL, share, hours * HOUR, HOUR)
    watch = open_hold_back(plan, proof())
    random = np.random.default_rng(seed)
    for look in range(hours * 12 + 1):
        now_ns = HOUR + look * 300 * S
        old = random.random(300) < share
        took = random.lognormal(4.4, 0.4, 300) * np.where(old, 1.0, 1.0 + effect_of(look / 12))
        quality = np.clip(random.normal(0.8, 0.1, 300) * np.where(old, 1.0, 1.0 - loss), 0, 1)
        values = {"duration": took, "quality": quality}
        watch.observe(Outcomes(np.full(300, now_ns), values, {plan.name: old.astype(np.int8)}))
        found = watch.proof(now_ns)
        if found is not None:
            return found, look / 12
    return None


def test_what_is_held_back_is_a_split_with_the_old_values():
    plan = hold_back_plan(TRIAL, 0.05, 24 * HOUR, HOUR)
    assert plan.design is Design.HOLD_BACK
    steering = steered({"batch": 16, "cache": 1}, [plan], HOUR)
    assert steering.base == {"batch": 16, "cache": 1}
    assert steering.splits[0].treatment == {"batch": 8}
    assert (steering.splits[0].trial, steering.splits[0].share) == ("t-hold-back", 0.05)


def test_a_change_that_goes_on_being_better_stands_to_the_end():
    found, hours = held(lambda hour: -0.2)
    assert (found.decision, hours) == (Decision.KEEP, 24)
    assert found.effect.interval.high < 0
    assert found.n_treatment > 10 * found.n_control


def test_a_change_that_turns_worse_is_taken_back():
    found, hours = held(lambda hour: 0.3)
    assert found.decision is Decision.ROLL_BACK
    assert hours < 3
    assert found.reason.startswith("by now proven worse than before the change")


def test_a_guardrail_that_is_broken_later_takes_the_change_back():
    found, _ = held(lambda hour: -0.2, loss=0.2)
    assert found.decision is Decision.ROLL_BACK
    assert "guardrail is broken: mean of quality" in found.reason


def test_a_change_of_no_effect_is_hardly_ever_taken_back():
    lost = sum(held(lambda hour: 0.0, hours=6, seed=s)[0].decision is Decision.ROLL_BACK for s in range(20))
    assert lost <= 3


def watched(level_of, hours=24, seed=1):
    plan = hold_back_plan(SWITCHBACK, 0.05, hours * HOUR, HOUR)
    watch = open_hold_back(plan, proof())
    random = np.random.default_rng(seed)
    for minute in range(hours * 60 + 1):
        now_ns = HOUR + minute * 60 * S
        values = {
            "duration": level_of(minute) * random.lognormal(-0.08, 0.4, 20),
            "quality": np.full(20, 0.8),
        }
        watch.observe(Outcomes(np.full(20, now_ns), values, {}))
        found = watch.proof(now_ns)
        if found is not None:
            return found, minute
    return None


def test_a_process_knob_is_watched_for_a_lasting_loss_of_its_gain():
    found, minute = watched(lambda m: 80.0 if m < 300 else 130.0)
    assert found.decision is Decision.ROLL_BACK
    assert 300 < minute < 320
    assert "mean of duration got worse" in found.reason
    assert "cannot be told without requests that are held back" in found.reason


def test_a_process_knob_that_stays_better_stands():
    found, minute = watched(lambda m: 80.0)
    assert (found.decision, minute) == (Decision.KEEP, 24 * 60)


def test_a_slight_loss_that_leaves_some_of_the_gain_is_no_reason_to_go_back():
    found, _ = watched(lambda m: 80.0 if m < 300 else 90.0)
    assert found.decision is Decision.KEEP


def test_progress_of_a_watch_tells_how_long_it_goes_on():
    watch = Watch(hold_back_plan(SWITCHBACK, 0.05, 24 * HOUR, 0), proof())
    progress = watch.progress(6 * HOUR)
    assert progress.decided == pytest.approx(0.25)
    assert progress.words.startswith("watched for another 18 h")


def test_plans_of_other_designs_and_proofs_without_a_control_are_refused():
    with pytest.raises(ConfigError, match="not as a hold-back"):
        HoldBack(TRIAL)
    with pytest.raises(ConfigError, match="not as a watch"):
        Watch(TRIAL, proof())
    with pytest.raises(ConfigError, match="nothing to hold a watch against"):
        Watch(hold_back_plan(SWITCHBACK, 0.05, HOUR, 0), proof(control=None))
