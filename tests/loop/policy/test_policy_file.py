"""The policy file says what the loop is for, and tells what is wrong with it."""

import pytest

from homeostat.act.controllers.cap import Adaptation, Cap
from homeostat.act.controllers.searching import Kind, Searching
from homeostat.core.clock import DAY_NS, HOUR_NS, SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.metric import Better
from homeostat.core.objective import Summary
from homeostat.core.order import Mode
from homeostat.loop.policy.policy_file import load_policy, measure_of, policy_of
from homeostat.loop.policy.schedule import ALWAYS, NEVER, Schedule

WHOLE = """
mode = "act"

[objective]
operation = "answer"
improve = { "p95(duration)" = 1.0, "mean(cost)" = 0.5 }
gain_min = "2%"

[[guardrail]]
measure = "mean(quality)"
worse = "1%"

[[guardrail]]
measure = "share(errors)"
worse_by = 0.005

[[target]]
expect = "p95(duration) < 200 ms over 10 min"

[[target]]
metric = "llm.cost"
expect = "rate < 2 USD/h"

[trials]
deadline = "30 min"

[limits]
trials = 2
"""


def test_a_whole_policy_is_read(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(WHOLE)
    policy = load_policy(path)
    assert policy.mode is Mode.ACT
    assert [(t.measure.words, t.weight) for t in policy.objective.terms] == [
        ("p95 of duration", 1.0),
        ("mean of cost", 0.5),
    ]
    assert policy.objective.gain_min == pytest.approx(0.02)
    quality, errors = policy.guardrails
    assert quality.measure.better is Better.HIGHER
    assert quality.relative
    assert quality.worse_max == pytest.approx(0.01)
    assert errors.measure.summary is Summary.SHARE
    assert not errors.relative
    assert policy.trials.deadline_ns == 1800 * SECOND_NS
    assert policy.limits.trials_max == 2
    assert len(policy.targets) == 1, "a target with a metric of the catalogue is for alerts"
    assert [m.words for m in policy.measures] == [
        "p95 of duration",
        "mean of cost",
        "mean of quality",
        "share of errors",
    ]


def test_the_loop_only_observes_unless_told():
    assert policy_of({"objective": {"improve": "mean(cost)"}}).mode is Mode.OBSERVE


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "say what shall get better"),
        ({"objective": {"improve": "fastest"}}, "write a measure like 'p95\\(duration\\)'"),
        ({"objective": {"improve": "mean(colour)"}}, "say of 'colour' which way is better"),
        ({"objective": {"improve": "p95(duration)", "gain": 1}}, "unknown field 'gain'"),
        ({"mode": "go", "objective": {"improve": "p95(duration)"}}, "observe, advise or act, not 'go'"),
        (
            {"objective": {"improve": "p95(duration)"}, "guardrail": [{"measure": "mean(quality)"}]},
            "by how much it may get worse",
        ),
        (
            {
                "objective": {"improve": "p95(duration)"},
                "guardrail": [{"measure": "mean(quality)", "worse": "0%"}],
            },
            "no number of requests proves a difference of exactly 0",
        ),
        (
            {"objective": {"improve": "p95(duration)"}, "trials": {"share": 1.5}},
            r"share must be from 0.01 to 0.99, not 1.5",
        ),
        ({"objective": {"improve": "p95(duration)"}, "limits": {"trials": 0}}, "at least 1, not 0"),
        ({"objective": {"improve": "p95(duration)"}, "rung": [{"knob": "a"}]}, "either a value to set or"),
        ({"objective": {"improve": "p95(duration)"}, "capacity": [{"knob": "a"}]}, "metric must be a text"),
        (
            {"objective": {"improve": "p95(duration)"}, "resource": [{"knob": "a", "of": "luck"}]},
            "of must be memory, cpu, io, not 'luck'",
        ),
        ({"objective": {"improve": "p95(duration)"}, "controllers": {"choose": "x"}}, "not 'x'"),
        ({"objective": {"improve": "p95(duration)"}, "controllers": {"search": "luck"}}, "not 'luck'"),
        ({"objective": {"improve": "p95(duration)"}, "schedule": {"validation": 7}}, "a length of time"),
        ({"objective": {"improve": "p95(duration)"}, "schedule": {"weekly": "7 d"}}, "known are analysis"),
        (
            {"objective": {"improve": "p95(duration)"}, "cap": [{"resource": "mb", "uses": {"a": 1}}]},
            "at_most must be a number, not None",
        ),
        (
            {"objective": {"improve": "p95(duration)"}, "bounds": {"quality": [1, 0]}},
            "lowest and the highest",
        ),
        ({"objective": {"improve": "p95(duration)"}, "hormones": {"on": "no"}}, "on = true or on = false"),
    ],
)
def test_what_is_wrong_is_named_with_the_remedy(document, words):
    with pytest.raises(ConfigError, match=words):
        policy_of(document)


def test_a_file_that_is_no_toml_is_named(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text("mode = act")
    with pytest.raises(ConfigError, match=r"policy\.toml is not valid TOML"):
        load_policy(path)


def test_a_direction_that_is_said_wins():
    assert measure_of("mean(tokens)", "higher").better is Better.HIGHER


def test_controllers_are_the_users_steps_then_need_then_resources_then_the_search():
    document = {
        "objective": {"improve": "p95(duration)"},
        "rung": [{"knob": "workers", "to": 48}, {"knob": "workers", "by": 0.25}],
        "capacity": [{"knob": "workers", "metric": "pool.utilization"}],
        "resource": [{"knob": "cache", "of": "memory"}],
        "bounds": {"quality": [0, 1]},
    }
    policy = policy_of(document)
    assert [c.name for c in policy.controllers] == ["ladder", "capacity", "resources", "climb"]
    assert policy.gauges[0] == "pool.utilization"
    assert "system.memory.utilization" in policy.gauges
    assert policy.bounds == {"quality": (0.0, 1.0)}
    safe = policy_of({**document, "controllers": {"search": "safe", "budget": 40}})
    assert safe.controllers[-1] == Searching(Kind.SAFE, 40)
    chosen = policy_of({**document, "controllers": {"choose": "bandit"}})
    assert [c.name for c in chosen.controllers] == ["bandit"]


def test_the_schedule_says_how_often():
    usual = policy_of({"objective": {"improve": "p95(duration)"}}).schedule
    assert usual == Schedule(HOUR_NS, ALWAYS, 7 * DAY_NS)
    table = {"analysis": "30 min", "optimisation": "1 d", "validation": "never"}
    given = policy_of({"objective": {"improve": "p95(duration)"}, "schedule": table}).schedule
    assert given == Schedule(HOUR_NS // 2, DAY_NS, NEVER)
    table = {"optimisation": "always"}
    given = policy_of({"objective": {"improve": "p95(duration)"}, "schedule": table}).schedule
    assert given.optimisation_ns == ALWAYS


def test_caps_are_obeyed_before_anybody_is_asked():
    cap = {"resource": "memory_mb", "at_most": 2000, "uses": {"workers": 200, "cache_mb": 1}}
    document = {"objective": {"improve": "p95(duration)"}, "cap": [cap]}
    (first, *_) = policy_of({**document, "controllers": {"choose": "bandit"}}).controllers
    assert first == Adaptation((Cap("memory_mb", 2000.0, {"workers": 200.0, "cache_mb": 1.0}),))
