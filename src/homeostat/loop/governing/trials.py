"""The trials under way, and the hold-backs of what was kept: their outcomes, proofs and progress."""

from collections.abc import Mapping

from homeostat.core.clock import SECOND_NS
from homeostat.core.plant import Outcomes
from homeostat.core.proof import Decision, Proof
from homeostat.loop.governing.planning import hold_back_for
from homeostat.loop.policy.policy import TrialRules
from homeostat.loop.rules.acts import Act, Conclude, Stand
from homeostat.loop.rules.state import LoopState
from homeostat.prove.trials.futility import futile
from homeostat.prove.trials.open_trial import open_trial
from homeostat.prove.trials.trial import Progress, Trial, TrialPlan

LOOK_EVERY_NS, WATCH_EVERY_NS = SECOND_NS, 5 * SECOND_NS
"""How often a trial is looked at, and a hold-back: each look costs about a millisecond. A clock that was set
back hinders none."""


class Trials:
    """Holds what runs now, by the names of trials; a hold-back has the name of its trial."""

    def __init__(self, rules: TrialRules) -> None:
        self._rules = rules
        self._trials: dict[str, Trial] = {}
        self._held: dict[str, Trial] = {}
        self._progress: dict[str, Progress] = {}
        self._looked_ns = self._watched_ns = 0

    @property
    def plans(self) -> tuple[TrialPlan, ...]:
        """The plans that the application is steered by: those of trials and of hold-backs."""
        return (*(t.plan for t in self._trials.values()), *(h.plan for h in self._held.values()))

    @property
    def running(self) -> Mapping[str, TrialPlan]:
        """The plans of trials."""
        return {name: trial.plan for name, trial in self._trials.items()}

    @property
    def progress(self) -> Mapping[str, Progress]:
        """How far each had come when it was looked at last; what has just begun is not among them."""
        return self._progress

    def observe(self, outcomes: Outcomes) -> None:
        """Hand outcomes to all of them."""
        for trial in (*self._trials.values(), *self._held.values()):
            trial.observe(outcomes)

    def proofs(self, now_ns: int) -> dict[str, Proof]:
        """Return the proofs of the trials that are decided by now, if they are to be looked at again."""
        if 0 <= now_ns - self._looked_ns < LOOK_EVERY_NS:
            return {}
        self._looked_ns = now_ns
        found = {}
        for name, trial in self._trials.items():
            proof = trial.proof(now_ns)
            self._progress[name] = trial.progress(now_ns)
            proof = proof or futile(self._progress[name], trial.plan, now_ns)
            if proof is not None:
                found[name] = proof
        return found

    def watched(self, now_ns: int) -> dict[str, Proof]:
        """Return the proofs of the hold-backs that are decided by now, if they are to be looked at again."""
        if 0 <= now_ns - self._watched_ns < WATCH_EVERY_NS:
            return {}
        self._watched_ns = now_ns
        self._progress.update({name: held.progress(now_ns) for name, held in self._held.items()})
        proofs = {name: held.proof(now_ns) for name, held in self._held.items()}
        return {name: proof for name, proof in proofs.items() if proof is not None}

    def begin(self, plans: Mapping[str, TrialPlan]) -> None:
        """Open the trials of these plans."""
        self._trials.update({name: open_trial(plan) for name, plan in plans.items()})

    def follow(self, acts: tuple[Act, ...], state: LoopState, now_ns: int) -> frozenset[str]:
        """Watch what was kept, forget what is over by a state; return the names of what is watched."""
        for act in acts:
            if isinstance(act, Conclude) and act.proof.decision is Decision.KEEP:
                held = hold_back_for(self._trials[act.trial].plan, act.proof, self._rules, now_ns)
                if held is not None:
                    self._held[act.trial] = held
            elif isinstance(act, Stand):
                self._held.pop(act.trial, None)
        running = {trial.trial for trial in state.running}
        watched = {trial.trial for trial in state.held} & self._held.keys()
        self._trials = {name: trial for name, trial in self._trials.items() if name in running}
        self._held = {name: held for name, held in self._held.items() if name in watched}
        self._progress = {n: p for n, p in self._progress.items() if n in self._trials or n in self._held}
        return frozenset(watched)

    def resume(self, name: str, held: Trial) -> None:
        """Watch a kept change again."""
        self._held[name] = held

    def drop(self, name: str) -> TrialPlan:
        """Forget a trial; return its plan."""
        self._progress.pop(name, None)
        return self._trials.pop(name).plan
