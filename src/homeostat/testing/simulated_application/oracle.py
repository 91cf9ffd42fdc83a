"""The oracle: the best configuration under the conditions of some times, found with the truth at hand."""

import itertools
from collections.abc import Sequence

from homeostat.core.knob import Choices, Configuration, Domain, Integers, Value
from homeostat.testing.simulated_application.scenario import Scenario
from homeostat.testing.simulated_application.truth import Truth, broken, effect, excess, truth_over

GRID_MAX = 300
SEARCH_SIZE = 512
CONFIRMED_MAX = 40


class Oracle:
    """Searches the configurations of a scenario at some times.

    One configuration is better than another where it exceeds the limits by less, or both keep them and its
    objective is better. Those that break a guardrail against the initial configuration do not count. A grid
    over all knobs (coarser where there are many) is followed by a search along one knob at a time, so with
    many knobs that depend on each other it may miss the best by a little.
    """

    def __init__(self, scenario: Scenario, times_s: Sequence[float]) -> None:
        self._scenario = scenario
        self._times_s = times_s
        self._seen: dict[tuple[Value, ...], Truth] = {}
        self._start = self._truth(scenario.initial)

    def best(self) -> Configuration:
        """Return the best configuration."""
        knobs = self._scenario.knobs
        levels = 12
        while True:
            axes = [_levels(knob.domain, levels) for knob in knobs.values()]
            size = 1
            for axis in axes:
                size *= len(axis)
            if size <= GRID_MAX or levels == 2:
                break
            levels -= 1
        initial = self._scenario.initial
        grid = [dict(zip(knobs, values, strict=True)) for values in itertools.product(*axes)]
        best = min((initial, *grid), key=self._score)
        fine = {name: _levels(knob.domain, 33) for name, knob in knobs.items()}
        while True:
            around = ({**best, name: value} for name, axis in fine.items() for value in axis)
            better = min((best, *around), key=self._score)
            if self._score(better) >= self._score(best):
                return self._confirmed(best)
            best = better

    def _confirmed(self, best: Configuration) -> Configuration:
        """Return the best of those found that breaks no guardrail by the whole truth either.

        The search looks at fewer requests; what keeps a guardrail by a hair there may break it.
        """
        scenario = self._scenario
        names = list(scenario.initial)
        found = [dict(zip(names, values, strict=True)) for values in self._seen]
        start = truth_over(scenario, scenario.initial, self._times_s)
        for candidate in sorted(found, key=self._score)[:CONFIRMED_MAX]:
            if not broken(scenario.guardrails, start, truth_over(scenario, candidate, self._times_s)):
                return candidate
        return best

    def _score(self, configuration: Configuration) -> tuple[float, float]:
        found = self._truth(configuration)
        if broken(self._scenario.guardrails, self._start, found):
            return (float("inf"), 0.0)
        return (excess(self._scenario.limits, found), effect(self._scenario.objective, self._start, found))

    def _truth(self, configuration: Configuration) -> Truth:
        key = tuple(configuration.values())
        if key not in self._seen:
            self._seen[key] = truth_over(self._scenario, configuration, self._times_s, SEARCH_SIZE)
        return self._seen[key]


def _levels(domain: Domain, count: int) -> list[Value]:
    if isinstance(domain, Choices):
        return list(domain.values)
    if isinstance(domain, Integers):
        count = min(count, domain.high - domain.low + 1)
    return list(dict.fromkeys(domain.at(i / (count - 1)) for i in range(count)))
