"""A ladder in the loop: a step is kept while it is needed, and taken back by proof when it no longer is."""

from collections.abc import Mapping

import numpy as np

from homeostat.act.controllers.ladder import Ladder, Rung
from homeostat.core.assignment import assign_many
from homeostat.core.clock import SECOND_NS
from homeostat.core.knob import Integers, Knob, Scope
from homeostat.core.objective import Measure, Objective, Term
from homeostat.core.order import Mode
from homeostat.core.plant import Outcomes, Steering
from homeostat.judge.targets.target_language import parse
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.governor import Governor
from homeostat.loop.policy.policy import Policy, TrialRules
from homeostat.loop.rules.state import Limits
from homeostat.prove.ledger.entry import EntryKind

TICK_NS = 10 * SECOND_NS
PASSAGES = Knob("passages", 8, Integers(1, 10), scope=Scope.REQUEST)


class Plant:
    """Requests take 10 ms a passage, times how slow the model is."""

    def __init__(self) -> None:
        self.knobs: Mapping[str, Knob] = {"passages": PASSAGES}
        self.random = np.random.default_rng(0)
        self.slower = 1.0
        self.now_ns = 1_000 * SECOND_NS
        self.steering = Steering({})

    def steer(self, steering: Steering) -> None:
        self.steering = steering

    def outcomes(self) -> tuple[Outcomes, ...]:
        passages = np.full(200, float(self.steering.base.get("passages", 8)))
        arms = {}
        for split in self.steering.splits:
            keys = self.random.integers(2**63, size=200, dtype=np.uint64)
            arms[split.trial] = assign_many(split.trial, keys, split.share)
            passages[arms[split.trial] == 1] = float(split.treatment["passages"])
        duration = 10.0 * passages * self.slower * np.exp(self.random.normal(0.0, 0.2, 200))
        return (Outcomes(np.full(200, self.now_ns - SECOND_NS), {"duration": duration}, arms),)


def run(governor: Governor, plant: Plant, minutes: int) -> None:
    for _ in range(minutes * 6):
        plant.now_ns += TICK_NS
        governor.tick(plant.now_ns)


def test_a_step_is_kept_while_it_is_needed_and_taken_back_when_it_is_not() -> None:
    plant = Plant()
    policy = Policy(
        Objective((Term(Measure("duration")),)),
        targets=(parse("mean(duration) < 120 ms over 5 min"),),
        mode=Mode.ACT,
        limits=Limits(rest_ns=SECOND_NS),
        trials=TrialRules(deadline_ns=600 * SECOND_NS),
        controllers=(Ladder("slow", (Rung("passages", to=6),), forget_s=1_200.0),),
    )
    governor = Governor(plant, policy, Book(), plant.now_ns)
    plant.slower = 1.8
    run(governor, plant, 30)
    assert governor.seen.state.configuration == {"passages": 6}
    plant.slower = 1.0
    run(governor, plant, 60)
    assert governor.seen.state.configuration == {"passages": 8}
    kept = [e.note for e in governor.book.ledger.entries if e.note.kind is EntryKind.KEPT]
    assert kept[-1].reason.startswith("proven not worse by more than")
    run(governor, plant, 60)
    assert governor.seen.state.configuration == {"passages": 8}
