"""The contract of a plant, as tests for pytest: subclass `PlantContract`, say how to make one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from homeostat.core.errors import HomeostatError
from homeostat.core.knob import Configuration, Knob, Scope, Value
from homeostat.core.plant import CONTROL, NO_ARM, TREATMENT, Outcomes, Plant, Split, Steering

MEASURES = {"duration", "cost", "tokens", "errors"}


@dataclass(frozen=True, slots=True)
class Works:
    """A plant, and what makes it serve about so many whole requests."""

    plant: Plant
    serve: Callable[[int], None]

    @property
    def defaults(self) -> Configuration:
        """The defaults of all knobs."""
        return {name: knob.default for name, knob in self.plant.knobs.items()}

    def knob(self, scope: Scope) -> Knob:
        """Return a knob of a scope."""
        found = [knob for knob in self.plant.knobs.values() if knob.scope is scope]
        if not found:
            pytest.skip(f"this plant has no knob for the {scope.value}")
        return found[0]

    def served(self, count: int) -> Outcomes:
        """Return the outcomes of about so many whole requests."""
        self.serve(count)
        (whole,) = [o for o in self.plant.outcomes() if o.operation == ""]
        return whole


def other(knob: Knob) -> Value:
    """Return a value that is not the default."""
    return next(
        value for value in (knob.domain.at(1.0), knob.domain.at(0.0)) if knob.checked(value) != knob.default
    )


class PlantContract:
    """What every plant does. It has at least one knob for requests."""

    def works(self) -> Works:
        """Return a plant that nobody steered as yet, with all knobs at their defaults."""
        raise NotImplementedError

    def test_outcomes_are_columns_of_one_length_with_what_every_request_has(self) -> None:
        works = self.works()
        works.plant.outcomes()
        whole = works.served(200)
        assert whole.ended_ns.size > 100
        assert whole.values.keys() >= MEASURES
        assert {column.size for column in whole.values.values()} == {whole.ended_ns.size}
        assert {column.size for column in whole.arms.values()} <= {whole.ended_ns.size}
        assert np.isfinite(whole.values["duration"]).sum() > 100
        assert set(whole.values["errors"][np.isfinite(whole.values["errors"])]) <= {0.0, 1.0}
        assert whole.dropped == 0

    def test_an_outcome_is_told_once(self) -> None:
        works = self.works()
        works.plant.outcomes()
        assert works.served(50).ended_ns.size
        assert sum(o.ended_ns.size for o in works.plant.outcomes()) == 0

    def test_a_trial_gives_the_share_of_requests_its_treatment_and_is_gone_when_it_is_over(self) -> None:
        works = self.works()
        knob = works.knob(Scope.REQUEST)
        works.plant.steer(Steering(works.defaults, (Split("t", {knob.name: other(knob)}, 0.3),)))
        arms = works.served(1_500).arms["t"]
        assert set(arms.tolist()) <= {CONTROL, TREATMENT, NO_ARM}
        drawn = arms[arms != NO_ARM]
        assert abs(drawn.mean() - 0.3) < 5 * np.sqrt(0.21 / drawn.size)
        works.plant.steer(Steering(works.defaults))
        works.served(100)
        assert TREATMENT not in works.served(100).arms.get("t", np.array([], np.int8))

    def test_requests_of_no_trial_have_no_arm(self) -> None:
        works = self.works()
        works.plant.steer(Steering(works.defaults))
        assert all((column == NO_ARM).all() for column in works.served(50).arms.values())

    def test_trials_of_different_knobs_or_of_one_are_independent(self) -> None:
        works = self.works()
        knob = works.knob(Scope.REQUEST)
        splits = tuple(Split(name, {knob.name: other(knob)}) for name in ("a", "b"))
        works.plant.steer(Steering(works.defaults, splits))
        whole = works.served(1_500)
        a, b = whole.arms["a"], whole.arms["b"]
        both = (a != NO_ARM) & (b != NO_ARM)
        if both.sum() > 30:
            together = np.corrcoef(a[both], b[both])[0, 1]
            assert abs(together) < 5 / np.sqrt(both.sum())
        for arms in (a, b):
            drawn = arms[arms != NO_ARM]
            assert abs(drawn.mean() - 0.5) < 5 * np.sqrt(0.25 / drawn.size)

    def test_what_is_refused_leaves_all_as_it_was(self) -> None:
        works = self.works()
        knob = works.knob(Scope.REQUEST)
        running = Split("t", {knob.name: other(knob)}, 0.5)
        works.plant.steer(Steering(works.defaults, (running,)))
        for steering in self._refused(works, knob):
            with pytest.raises(HomeostatError):
                works.plant.steer(steering)
        arms = works.served(200).arms
        assert set(arms["t"].tolist()) >= {CONTROL, TREATMENT}
        assert all((column == NO_ARM).all() for name, column in arms.items() if name != "t")

    def _refused(self, works: Works, knob: Knob) -> list[Steering]:
        base = works.defaults
        value = other(knob)
        process = [k for k in works.plant.knobs.values() if k.scope is Scope.PROCESS]
        return [
            Steering({**base, "no_such_knob": 1}),
            Steering({**base, knob.name: "no such value"}),
            Steering(base, (Split("u", {"no_such_knob": 1}),)),
            Steering(base, (Split("u", {knob.name: "no such value"}),)),
            Steering(base, (Split("u", {knob.name: value}, share=0.0),)),
            Steering(base, (Split("u", {knob.name: value}), Split("u", {knob.name: value}))),
            *(Steering(base, (Split("u", {k.name: other(k)}),)) for k in process),
        ]
