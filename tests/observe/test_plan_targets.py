"""Claims about the plan: each of its targets is in the catalogue, with the collector that measures it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

import homeostat
from homeostat.app.companion.node import JUDGED
from homeostat.core.metric import Better
from homeostat.observe.catalogue import load_catalogue

LOWER, HIGHER = Better.LOWER, Better.HIGHER


@dataclass(frozen=True, slots=True)
class Planned:
    """A target of the plan: what it asks for, and the metric that answers."""

    what: str
    metric: str
    target: float
    unit: str
    better: Better
    collector: str


PLAN = (
    Planned("narrative coherence", "quality.coherence.local", 0.85, "ratio", HIGHER, "evaluators"),
    Planned("sensory", "quality.senses.vividness", 0.80, "ratio", HIGHER, "evaluators"),
    Planned("emotional", "quality.emotion.transitions", 0.90, "ratio", HIGHER, "evaluators"),
    Planned("coherence", "quality.coherence.global", 0.85, "ratio", HIGHER, "evaluators"),
    Planned("preference fit", "quality.personal.fit", 0.90, "ratio", HIGHER, "evaluators"),
    Planned("memory integration", "quality.personal.faithfulness", 0.85, "ratio", HIGHER, "evaluators"),
    Planned("resonance", "companion.dream.resonance", 0.88, "ratio", HIGHER, "dreams"),
    Planned("filter accuracy", "safety.filter_accuracy", 0.995, "ratio", HIGHER, "guard"),
    Planned("trigger prevention", "safety.trigger_prevention", 1.0, "ratio", HIGHER, "guard"),
    Planned("emergency response", "companion.crisis.duration", 10, "ms", LOWER, "crisis desk"),
    Planned("encryption", "security.encryption", 1.0, "ratio", HIGHER, "security"),
    Planned("integrity", "security.integrity", 1.0, "ratio", HIGHER, "security"),
    Planned("privacy", "security.privacy", 1.0, "ratio", HIGHER, "security"),
    Planned("authentication", "security.authentication", 0.999, "ratio", HIGHER, "security"),
    Planned("threat response", "security.response", 5, "ms", LOWER, "security"),
    Planned("delivery time", "bus.delivery", 50, "ms", LOWER, "bus"),
    Planned("delivery", "bus.success", 0.999, "ratio", HIGHER, "bus"),
    Planned("synchronisation time", "state.sync", 20, "ms", LOWER, "shared state"),
    Planned("synchronisation", "state.accuracy", 0.995, "ratio", HIGHER, "shared state"),
    Planned("uptime", "part.uptime", 0.999, "ratio", HIGHER, "bus"),
    Planned("satisfaction", "experience.rating", 8.5, "1", HIGHER, "experience"),
    Planned("completion", "experience.task.completed", 0.95, "ratio", HIGHER, "experience"),
    Planned("accessibility", "experience.accessibility", 1.0, "ratio", HIGHER, "experience"),
    Planned("return", "experience.returned", 0.80, "ratio", HIGHER, "experience"),
    Planned("pipeline in all", "companion.dream.duration", 500, "ms", LOWER, "dreams"),
    Planned("pipeline on average", "companion.dream.stage", 200, "ms", LOWER, "dreams"),
    Planned("12 experiences a minute", "companion.dream.interval", 60_000 / 12, "ms", LOWER, "dreams"),
    Planned("utilisation", "companion.dream.utilisation", 0.85, "ratio", LOWER, "dreams"),
)


@pytest.mark.parametrize("planned", PLAN, ids=lambda p: p.what)
def test_each_target_of_the_plan_is_in_the_catalogue_with_its_collector(planned: Planned) -> None:
    metric = load_catalogue()[planned.metric]
    assert (metric.target, metric.unit, metric.better, metric.collector) == (
        planned.target,
        planned.unit,
        planned.better,
        planned.collector,
    )


def test_the_companion_has_its_dreams_judged_by_all_of_the_plan_but_coherence_which_is_of_talk() -> None:
    planned = {p.metric.removeprefix("quality.") for p in PLAN if p.collector == "evaluators"}
    assert planned - set(JUDGED) == {"coherence.local", "coherence.global"}
    assert set(JUDGED) <= planned


def test_each_metric_of_the_plan_is_recorded_by_something_in_the_package() -> None:
    package = Path(homeostat.__file__).parent
    source = "\n".join(p.read_text(encoding="utf-8") for p in package.rglob("*.py"))
    names = {p.metric: p.metric.removeprefix("quality.") for p in PLAN}
    assert {metric for metric, name in names.items() if f'"{name}"' not in source} == set()
