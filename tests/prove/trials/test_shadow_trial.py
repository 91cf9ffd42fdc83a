"""Claims about shadow trials: as many shadows as requests, an effect between them, no risk for users."""

import numpy as np
import pytest

from homeostat.core.change import Change, Move
from homeostat.core.errors import ConfigError
from homeostat.core.objective import Guardrail, Measure, Objective, Term
from homeostat.core.plant import CONTROL, NO_ARM, TREATMENT, Outcomes
from homeostat.core.proof import Decision
from homeostat.prove.trials.open_trial import open_trial
from homeostat.prove.trials.shadow_trial import ShadowTrial
from homeostat.prove.trials.steered import steered
from homeostat.prove.trials.trial import Design, TrialPlan

S = 1_000_000_000
CHANGE = Change((Move("rank", "fast", "thorough"),), "a person", "to try")


def plan(design=Design.SHADOW):
    guardrails = (Guardrail(Measure("errors"), 0.05, relative=False),)
    objective = Objective((Term(Measure("duration")),))
    return TrialPlan("t", CHANGE, objective, guardrails, 0, 3600 * S, design, share=0.2)


def run(trial, effect=0.0, lost=0.0, seed=1, users=0):
    """Feed a trial requests of which a fifth has a shadow, some of which are lost."""
    random = np.random.default_rng(seed)
    for look in range(1, 181):
        shadowed = random.random(500) < 0.2
        level = random.lognormal(4, 0.5, 500)
        arms = np.where(shadowed, CONTROL, NO_ARM).astype(np.int8)
        kept = shadowed & (random.random(500) >= lost)
        shadows = level[kept] * random.lognormal(0, 0.1, kept.sum()) * (1 + effect)
        values = {"duration": np.append(level, shadows), "errors": np.zeros(500 + kept.sum())}
        arms = np.append(arms, np.full(kept.sum(), TREATMENT, np.int8))
        who = random.integers(0, users, 500) if users else None
        units = np.append(who, who[kept]) if who is not None else None
        trial.observe(Outcomes(np.full(arms.size, look * 20 * S), values, {"t": arms}, units=units))
        proof = trial.proof(look * 20 * S)
        if proof is not None:
            return proof
    return None


def test_a_better_implementation_is_kept_and_only_shadowed_requests_count():
    proof = run(open_trial(plan()), effect=-0.2)
    assert proof.decision is Decision.KEEP
    assert abs(proof.n_control - proof.n_treatment) <= 1
    assert proof.effect.interval.low < -0.2 < proof.effect.interval.high


def test_users_who_are_in_both_arms_are_no_reason_to_doubt_their_shares():
    proof = run(open_trial(plan()), effect=-0.2, users=300)
    assert proof.decision is Decision.KEEP


def test_a_slower_implementation_is_rolled_back():
    assert run(open_trial(plan()), effect=0.3).reason.startswith("proven worse")


def test_shadows_that_get_lost_end_the_trial():
    proof = run(open_trial(plan()), effect=-0.01, lost=0.2)
    assert proof.decision is Decision.ROLL_BACK
    assert "the arms do not fill as planned: 44" in proof.reason


def test_the_application_is_steered_to_run_both():
    steering = steered({"rank": "fast"}, [plan()], 0)
    assert steering.base == {"rank": "fast"}
    (split,) = steering.splits
    assert (split.shadow, split.share, split.treatment) == (True, 0.2, {"rank": "thorough"})


def test_plans_of_other_designs_are_refused():
    with pytest.raises(ConfigError, match="not as a shadow"):
        ShadowTrial(plan(Design.REQUEST))
