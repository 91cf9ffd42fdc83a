"""The meter: what it makes of requests while trials run."""

import numpy as np
import pytest

from homeostat.core.clock import SECOND_NS
from homeostat.core.objective import Measure
from homeostat.core.plant import CONTROL, TREATMENT, Outcomes
from homeostat.judge.targets.target_language import parse
from homeostat.loop.sight.meter import Meter

PER_S = 10


def second(at_s: int, treated: bool) -> Outcomes:
    """Return the requests of one second; those of the treatment, every other one, take twice as long."""
    arms = np.array([TREATMENT, CONTROL] * (PER_S // 2), dtype=np.int8)
    duration = np.where(arms == TREATMENT, 200.0, 100.0) if treated else np.full(PER_S, 100.0)
    ended_ns = np.full(PER_S, at_s * SECOND_NS, dtype=np.int64)
    return Outcomes(ended_ns, {"duration": duration}, {"trial-1": arms} if treated else {}, "answer")


@pytest.mark.parametrize("treated", [False, True])
def test_a_trial_changes_neither_the_load_nor_what_the_configuration_in_force_comes_to(treated: bool) -> None:
    meter = Meter([parse("rate(requests) > 8/s over 1 min")], [Measure("duration")])
    for at_s in range(1, 61):
        meter.observe(second(at_s, treated), at_s * SECOND_NS)
    now_ns = 60 * SECOND_NS
    assert meter.load_per_s(now_ns) == pytest.approx(PER_S, rel=0.05)
    assert meter.readings(now_ns)["mean of duration"].value == 100.0
    assert meter.judged(now_ns)[0].verdict.value == pytest.approx(PER_S, rel=0.05)
