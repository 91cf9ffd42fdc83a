"""The oracle finds the best configuration."""

import itertools

from homeostat.testing.simulated_application.oracle import SEARCH_SIZE, Oracle
from homeostat.testing.simulated_application.scenario_file import read_scenario
from homeostat.testing.simulated_application.truth import broken, effect, excess, truth_over
from homeostat.testing.simulated_application.variation import settled

TEXT = """
story = "A test."
hours = 2
objective = [{ measure = "mean(duration)" }]
guardrails = [{ measure = "mean(quality)", worse_max = 0.02 }]
limits = [{ measure = "p95(duration)", times_healthy = 1.2 }]
[parameters]
load_per_s = 12
coherency = 0.0008
[[fault]]
parameter = "load_per_s"
times = 1.5
begin_h = 1
[[knob]]
name = "workers"
kind = "integers"
low = 12
high = 30
default = 18
[[knob]]
name = "chunks"
kind = "integers"
low = 2
high = 7
default = 5
scope = "request"
"""


def test_no_configuration_is_better_than_that_of_the_oracle() -> None:
    scenario = settled(read_scenario(TEXT, "test"))
    times = (6_000.0,)
    start = truth_over(scenario, scenario.initial, times, SEARCH_SIZE)

    def rank(workers: int, chunks: int) -> tuple[float, float]:
        found = truth_over(scenario, {"workers": workers, "chunks": chunks}, times, SEARCH_SIZE)
        if broken(scenario.guardrails, start, found):
            return (float("inf"), 0.0)
        return (excess(scenario.limits, found), effect(scenario.objective, start, found))

    best = Oracle(scenario, times).best()
    everything = min(itertools.product(range(12, 31), range(2, 8)), key=lambda at: rank(*at))
    assert rank(*best.values()) <= rank(*everything)  # type: ignore[arg-type]
