"""Claims about units: users that keep their arm count as users, not as their requests."""

import numpy as np
import pytest

from homeostat.core.change import Change, Move
from homeostat.core.objective import Measure, Objective, Summary, Term
from homeostat.core.plant import NO_ARM, Outcomes
from homeostat.core.proof import Decision
from homeostat.prove.trials.open_trial import open_trial
from homeostat.prove.trials.trial import TrialPlan
from homeostat.prove.trials.unit_spread import UnitSpread, UnitTable

S = 1_000_000_000
CHANGE = Change((Move("batch", 8, 16),), "a person", "to try")


def ended(measure, seed, named, effect=0.0, users=200, spread=0.8):
    """Run a trial whose users keep their arm and differ from one another; return what was decided."""
    plan = TrialPlan("t", CHANGE, Objective((Term(measure),)), (), 0, 1 << 62)
    trial = open_trial(plan)
    random = np.random.default_rng(seed)
    sizes, arm = np.exp(random.normal(0, spread, users)), (random.random(users) < 0.5).astype(np.int8)
    for look in range(1, 41):
        who = random.integers(0, users, 100)
        took = 100 * sizes[who] * random.lognormal(0, 0.3, 100) * np.where(arm[who], 1 + effect, 1.0)
        units = who.astype(np.int64) if named else None
        trial.observe(Outcomes(np.full(100, look * S), {"duration": took}, {"t": arm[who]}, units=units))
        proof = trial.proof(look * S)
        if proof is not None:
            return proof.decision
    return None


@pytest.mark.parametrize("summary", [Summary.MEAN, Summary.P50])
def test_users_that_differ_bring_no_false_keeps_where_they_are_named(summary):
    measure = Measure("duration", summary)
    named = sum(ended(measure, seed, True) is Decision.KEEP for seed in range(20))
    unnamed = sum(ended(measure, seed, False) is not None for seed in range(20))
    assert named <= 3  # of 20 at 5%: more in 1.6% of cases
    assert unnamed >= 5  # what the names are for


def test_an_effect_is_still_kept_with_users_that_differ():
    kept = sum(ended(Measure("duration"), s, True, effect=-0.7) is Decision.KEEP for s in range(10))
    assert kept >= 8


def test_requests_of_their_own_have_no_design_effect():
    random = np.random.default_rng(1)
    spread = UnitSpread(0.5)
    for i in range(20):
        units = np.arange(100) + 100 * i
        spread.extend(random.lognormal(size=100), random.random(100) < 0.5, units)
    assert spread.factor < 1.15
    assert UnitSpread(0.5).widening == 1.0


def test_the_design_effect_of_equal_requests_is_their_number_a_user():
    random = np.random.default_rng(1)
    sizes, arm = random.normal(size=500), random.random(500) < 0.5
    spread = UnitSpread(0.5)
    for _ in range(6):
        who = random.permutation(500)
        spread.extend(sizes[who], arm[who], who)
    assert spread.factor == pytest.approx(6.0, rel=0.1)


def test_each_unit_has_its_place_and_one_first_row():
    table = UnitTable()
    places, first = table.places(np.array([3, 3, 5], np.int64))
    assert places.tolist() == [0, 0, 1]
    assert first.tolist() == [True, False, True]
    places, first = table.places(np.array([5, 7, 7, 3], np.int64))
    assert places.tolist() == [1, 2, 2, 0]
    assert first.tolist() == [False, True, False, False]


def test_units_beyond_the_bound_count_as_units_of_their_own(monkeypatch):
    monkeypatch.setattr("homeostat.prove.trials.unit_spread.UNITS_MAX", 2)
    table, spread = UnitTable(), UnitSpread(0.5)
    table.places(np.array([1, 2], np.int64))
    places, first = table.places(np.array([1, 9, 9], np.int64))
    assert places.tolist() == [0, -1, -1]
    assert not first.any()
    spread.extend(np.array([1.0, -5.0, 4.0]), np.array([True, True, True]), places)
    assert spread.factor == 1.0


def test_the_shares_of_arms_are_those_of_users_and_who_was_without_an_arm_counts_later():
    trial = open_trial(TrialPlan("t", CHANGE, Objective((Term(Measure("duration")),)), (), 0, 1 << 62))
    random = np.random.default_rng(1)
    weights = np.full(500, 1.0)
    weights[499] = 499.0  # a user in the treatment asks as often as all others together
    weights /= weights.sum()
    for look in range(1, 41):
        who = random.choice(500, 200, p=weights)
        arm = (who % 2).astype(np.int8) if look > 1 else np.full(200, NO_ARM, np.int8)
        took = {"duration": random.lognormal(0, 0.3, 200)}
        trial.observe(Outcomes(np.full(200, look * S), took, {"t": arm}, units=who.astype(np.int64)))
    assert trial.counts[1] > 2.5 * trial.counts[0]
    proof = trial.proof(100 * S)
    assert proof is None or "fill as planned" not in proof.reason
    assert trial._arms._ratio._ratio.treatment > 200
