"""Claims about what goes on beside requests: work that is none, and what is found of a request later."""

import math

import numpy as np
import pytest

from homeostat.core.application import Application
from homeostat.core.losses import Losses
from homeostat.core.plant import CONTROL, TREATMENT, Outcomes, Split
from homeostat.observe.outcome_rows import OutcomeColumns
from homeostat.observe.registry import Registry
from homeostat.observe.tracer import Tracer
from homeostat.testing.clock import ManualClock


class Governed:
    """A tracer whose requests are governed, and divided in halves by the trial `deeper`."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.losses = Losses()
        self.registry = Registry(self.losses)
        self.tracer = Tracer(self.registry, self.losses, self.clock, Application("svc"))
        self.requests = self.tracer.requests
        self.requests.govern()
        self.requests.lead((Split("deeper", {"depth": 7}),), lambda treated: [7 if treated else 3])
        self._columns = OutcomeColumns(self.tracer.priced)

    def outcomes(self) -> dict[str, Outcomes]:
        rows, dropped, trials = self.requests.take()
        return {o.operation: o for o in self._columns.of(rows, 0, trials, dropped)}


@pytest.fixture
def governed() -> Governed:
    return Governed()


def test_work_beside_requests_is_no_request_and_its_calls_are_counted(governed: Governed) -> None:
    values = set()
    for _ in range(50):
        with governed.tracer.aside("evaluate"), governed.tracer.llm("m") as call:
            call.usage(input_tokens=7)
            values.add(governed.requests.arms.get().values[0])
    assert governed.outcomes() == {}
    assert values == {3}
    assert governed.losses.totals() == {}
    spans = governed.tracer.drain()
    assert {span.name for span in spans} <= {"evaluate", "chat m"}
    governed.registry.fold(0, 1)
    assert governed.registry.snapshot("operation.duration", {}).count == 0
    assert governed.registry.snapshot("llm.tokens", {}).total == 350


def test_what_is_found_later_counts_for_the_arms_that_the_request_had(governed: Governed) -> None:
    seen = []
    for number in range(40):
        with governed.tracer.request("answer", user=f"user-{number}") as request:
            seen.append((request.request, governed.requests.arms.get().values[0], governed.tracer.now()))
            governed.clock.advance(1.0)
    governed.requests.lead((), lambda treated: [3])
    for found, value, seen_ns in seen:
        governed.requests.note(found, "answer", seen_ns, {"quality.words": float(value)})
    answers = governed.outcomes()["answer"]
    known = ~np.isnan(answers.values["quality.words"])
    assert known.sum() == 40
    assert np.isnan(answers.values["duration"][known]).all()
    arms, quality = answers.arms["deeper"][known], answers.values["quality.words"][known]
    assert set(quality[arms == CONTROL]) == {3.0}
    assert set(quality[arms == TREATMENT]) == {7.0}
    assert answers.ended_ns[known].tolist() == [seen_ns for *_, seen_ns in seen]
    assert answers.units is not None
    assert len(set(answers.units[known].tolist())) == 40


def test_what_is_found_of_one_run_of_a_switch_counts_for_the_request_around_as_well(
    governed: Governed,
) -> None:
    with governed.tracer.request("answer"):
        with governed.tracer.arm("switch", "switch", "shadow", CONTROL) as control:
            governed.requests.note(control.request, "answer", 1, {"quality.words": 0.5})
        with governed.tracer.arm("switch", "switch", "shadow", TREATMENT) as treatment:
            governed.requests.note(treatment.request, "answer", 1, {"quality.words": 0.25})
    found = governed.outcomes()
    assert np.nansum(found["answer"].values["quality.words"]) == 0.5
    assert np.nansum(found["switch"].values["quality.words"]) == 0.75
    assert np.nansum(found[""].values["quality.words"]) == 0.5


def test_what_is_no_outcome_is_left_out(governed: Governed) -> None:
    """A loop around requests has none, nor what nobody asked for; what is no number is counted."""
    with governed.tracer.request("loop") as loop:
        with governed.tracer.request("answer"):
            pass
        governed.requests.note(loop.request, "loop", 1, {"quality.words": 0.5})
    governed.requests.note(governed.requests.idle, "idle", 1, {"quality.words": 0.5})
    governed.requests.note(loop.request, "loop", 1, {"quality.words": math.nan})
    assert list(governed.outcomes()) == ["", "answer"]
    assert governed.losses.totals() == {"outcome.not_a_number": 1}
