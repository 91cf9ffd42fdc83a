"""Claims about the power told before a trial: it comes about true, and names what takes longest."""

from dataclasses import replace

import numpy as np
import pytest

from homeostat.core.change import Change, Move
from homeostat.core.errors import ConfigError
from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Objective, Summary, Term
from homeostat.core.plant import Outcomes
from homeostat.core.proof import Decision
from homeostat.prove.trials.open_trial import open_trial
from homeostat.prove.trials.power import need_of
from homeostat.prove.trials.trial import Design, TrialPlan

S = 1_000_000_000
MEAN, P95 = Measure("duration"), Measure("duration", Summary.P95)
ERRORS = Guardrail(Measure("errors"), 0.01, relative=False)
CHANGE = Change((Move("batch", 8, 16),), "a person", "to try")


def plan(measure, *guardrails, **more):
    return TrialPlan("t", CHANGE, Objective((Term(measure),)), guardrails, 0, 3600 * S, **more)


def recent(seed=0, n=2_000, errors=0.01):
    random = np.random.default_rng(seed)
    return {"duration": random.lognormal(3, 0.5, n), "errors": (random.random(n) < errors).astype(float)}


def took(setup, effect, seed, errors=0.01):
    """Return the requests until a change with this effect is kept."""
    random = np.random.default_rng(seed)
    trial = open_trial(replace(setup, deadline_ns=1 << 62))
    for look in range(1, 400):
        arms = (random.random(100) < 0.5).astype(np.int8)
        duration = random.lognormal(3, 0.5, 100) * np.where(arms, 1 + effect, 1.0)
        failed = (random.random(100) < errors).astype(float)
        values = {"duration": duration, "errors": failed}
        trial.observe(Outcomes(np.full(100, look * 20 * S), values, {"t": arms}))
        proof = trial.proof(look * 20 * S)
        if proof is not None:
            return 100 * look if proof.decision is Decision.KEEP else np.inf
    return np.inf


@pytest.mark.parametrize(
    ("setup", "effect"),
    [(plan(MEAN), -0.1), (plan(P95), -0.2), (plan(MEAN, ERRORS), -0.3)],
)
def test_four_of_five_trials_take_no_longer_than_told_and_not_far_less(setup, effect):
    told = need_of(setup, effect, recent(n=20_000), 5.0).requests
    needed = np.array([took(setup, effect, seed) for seed in range(1, 26)])
    assert (needed <= told + 100).mean() >= 0.6
    assert np.median(needed) >= told / 6


def test_it_is_told_in_one_sentence():
    need = need_of(plan(P95, ERRORS), -0.2, recent(), 5.0)
    assert need.in_time
    assert need.longest == "mean of errors worse by at most 0.01"
    assert need.words.startswith("needs about ")
    assert " at 5 requests/s (longest for mean of errors worse by at most 0.01); effects under " in need.words
    assert need.words.endswith("% would not be seen before the deadline")


def test_what_takes_longer_than_the_deadline_is_said():
    need = need_of(plan(P95), -0.02, recent(), 0.5)
    assert not need.in_time
    assert ", which is after the deadline in 60 min" in need.words
    assert need.smallest > 0.02


def test_the_smallest_effect_shrinks_with_time():
    short, long = plan(MEAN), replace(plan(MEAN), deadline_ns=4 * 3600 * S)
    told = [need_of(setup, -0.1, recent(), 5.0).smallest for setup in (short, long)]
    assert told[0] == pytest.approx(2 * told[1])


def test_blocks_of_a_switchback_are_counted_in():
    setup = plan(MEAN, design=Design.SWITCHBACK, block_s=30.0, settle_s=5.0)
    large, small = (need_of(setup, effect, recent(), 5.0) for effect in (-0.5, -0.02))
    assert large.seconds == pytest.approx(8 * 60.0)
    assert small.seconds > 4 * large.seconds


def test_higher_is_better_needs_as_much_as_lower_is():
    rate = Measure("score", better=Better.HIGHER)
    values = {"score": recent()["duration"]}
    assert need_of(plan(rate), -0.2, values, 5.0).requests == pytest.approx(
        need_of(plan(replace(rate, better=Better.LOWER)), -0.2, values, 5.0).requests, rel=0.5
    )


def test_nothing_is_told_of_what_nobody_knows():
    need = need_of(plan(MEAN, ERRORS), -0.2, {"duration": recent()["duration"]}, 5.0)
    assert need.requests is None
    assert need.words == (
        "how long it takes cannot be told: too little is known of mean of errors worse by at most 0.01"
    )
    assert need_of(plan(MEAN), -0.2, recent(), 0.0).requests is None
    with pytest.raises(ConfigError, match="an effect of 0 is never proven"):
        need_of(plan(MEAN), 0.0, recent(), 5.0)


def test_what_never_failed_does_not_take_forever_in_blocks():
    setup = plan(MEAN, ERRORS, design=Design.SWITCHBACK)
    need = need_of(setup, -0.2, recent(errors=0.0), 20.0)
    assert need.requests is not None
    assert need.seconds < 7_200
    blank = need_of(setup, -0.2, {**recent(), "duration": np.zeros(1_000)}, 20.0)
    assert blank.requests is None
    assert "too little is known of mean of duration" in blank.words
