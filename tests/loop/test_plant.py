"""Claims about the application as a plant: the contract, and a trial from its beginning to its proof."""

import random

import pytest

from homeostat import Homeostat
from homeostat.core.change import Change, Move
from homeostat.core.clock import HOUR_NS
from homeostat.core.objective import Better, Guardrail, Measure, Objective, Term
from homeostat.core.plant import Steering
from homeostat.core.proof import Decision
from homeostat.prove.trials.request_trial import RequestTrial
from homeostat.prove.trials.steered import steered
from homeostat.prove.trials.trial import TrialPlan
from homeostat.testing.clock import ManualClock
from homeostat.testing.plant_contract import PlantContract, Works


class TestApplicationPlant(PlantContract):
    def works(self) -> Works:
        hs = Homeostat("svc", keep=False, clock=ManualClock())
        hs.knob("batch", 8, low=1, high=64)
        hs.knob("depth", 3, low=1, high=9, scope="request")
        hs.close()
        users = iter(range(1_000_000))

        def serve(count: int) -> None:
            for _ in range(count):
                with hs.request("answer", user=f"user-{next(users)}"), hs.operation("rank"):
                    pass

        return Works(hs.knobs.plant, serve)


def serve(hs: Homeostat, clock: ManualClock, draw: random.Random, quality_lost: float) -> None:
    """Serve a request: at depth 7 it takes a fifth less time, and is as much worse as said."""
    depth = hs.knob("depth", 3, low=1, high=9, scope="request")
    with hs.request("answer", user=f"user-{draw.randrange(2_000)}") as request:
        faster = depth.get() == 7
        clock.advance(draw.lognormvariate(0.0, 0.3) * (0.8 if faster else 1.0))
        request.outcome(quality=min(1.0, max(0.0, draw.gauss(0.9 - quality_lost * faster, 0.05))))


@pytest.mark.parametrize(("quality_lost", "decision"), [(0.0, Decision.KEEP), (0.1, Decision.ROLL_BACK)])
def test_a_faster_value_is_kept_only_where_quality_holds(quality_lost: float, decision: Decision) -> None:
    clock, draw = ManualClock(), random.Random(7)
    with Homeostat("svc", keep=False, clock=clock) as hs:
        hs.knob("depth", 3, low=1, high=9, scope="request")
        plant = hs.knobs.plant
        plan = TrialPlan(
            "deeper",
            Change((Move("depth", 3, 7),), "a person", "to try"),
            Objective((Term(Measure("duration")),)),
            (Guardrail(Measure("quality", better=Better.HIGHER), 0.03),),
            clock.now_ns(),
            clock.now_ns() + 10 * HOUR_NS,
            bounds={"quality": (0.0, 1.0)},
        )
        plant.check(plan.change)
        plant.steer(steered({"depth": 3}, [plan], clock.now_ns()))
        trial, proof = RequestTrial(plan), None
        for _ in range(60):
            for _ in range(100):
                serve(hs, clock, draw, quality_lost)
            for outcomes in plant.outcomes():
                trial.observe(outcomes)
            proof = trial.proof(clock.now_ns())
            if proof is not None:
                break
        assert proof is not None
        assert proof.decision is decision
        assert proof.effect.estimate == pytest.approx(-0.2, abs=0.05)
        kept = plan.change.applied({"depth": 3}) if decision is Decision.KEEP else {"depth": 3}
        plant.steer(Steering(kept))
        assert plant.configuration == kept
