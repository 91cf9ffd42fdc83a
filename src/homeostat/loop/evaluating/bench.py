"""The bench: where what was said is judged, beside the requests, and what is known of the judges."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from homeostat.act.knobs.declaration import declared
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import HomeostatError
from homeostat.core.guard import guarded
from homeostat.evaluate.evaluator import Evaluator, Score
from homeostat.evaluate.evaluators import speaks
from homeostat.evaluate.passage import Context, Segment
from homeostat.evaluate.segments import as_segments
from homeostat.loop.evaluating.attached import Attached, Due
from homeostat.loop.evaluating.breath import Breath
from homeostat.loop.evaluating.lane import Lane
from homeostat.loop.evaluating.meter import JudgingMeter
from homeostat.loop.evaluating.pairs import Pairs
from homeostat.loop.evaluating.said import CHARACTERS_MAX, Said, Task
from homeostat.loop.evaluating.standing import Standings
from homeostat.runtime.host import Host
from homeostat.stats.agreement import Agreement

SHARE = 0.25


class Bench:
    """Two lanes: evaluators that compute here, and those that wait for another machine.

    Scores are recorded as `quality.NAME` of the operation, and noted as an outcome of its request. Nothing of
    a text is kept. `judging` surrounds the judging of each text.
    """

    def __init__(self, host: Host, judging: Callable[[], AbstractContextManager[None]]) -> None:
        share = host.knob_set.declare(
            declared(
                "evaluating_share", SHARE, low=0.01, high=1.0, log=True, help="Of a core, for judging texts."
            )
        )
        if share.knob.name not in host.knob_set.pinned:
            share.pin(SHARE)  # to judge less would look like a gain to the loop
        self._judging = judging
        self._losses = host.losses
        self._aside = host.tracer.aside
        self._note = host.tracer.requests.note
        self._now_ns = host.clock.monotonic_ns
        self._meter = JudgingMeter(host)
        self.standings = Standings(host.losses)
        self.pairs = Pairs()
        self._here, self._elsewhere = (
            Lane(name, judge, share.get, partial(self._meter.waiting, name), host.losses)
            for name, judge in (("here", self._judge_here), ("elsewhere", self._judge_elsewhere))
        )

    def take(self, said: Said, due: Due) -> None:
        """Queue a text for those that are due; what finds no room is counted."""
        if said.characters > CHARACTERS_MAX:
            self._meter.dropped("too_long")
            return
        for lane, evaluators in ((self._here, due.here), (self._elsewhere, due.elsewhere)):
            if evaluators and not lane.offer(Task(said, evaluators)):
                self._meter.dropped("no_room")

    def wait(self, timeout_s: float) -> bool:
        """Wait until all is judged; False if that takes longer than the time given."""
        until_ns = self._now_ns() + round(timeout_s * SECOND_NS)
        return all(lane.wait(max(0.0, (until_ns - self._now_ns()) / SECOND_NS)) for lane in self._lanes)

    def close(self, timeout_s: float) -> None:
        """End the threads; what still waits is counted as dropped."""
        for lane in self._lanes:
            if left := lane.close(timeout_s):
                self._meter.dropped("closed", left)

    @property
    def _lanes(self) -> tuple[Lane, Lane]:
        return self._here, self._elsewhere

    def _judge_elsewhere(self, task: Task, breath: Breath) -> None:
        """Ask other machines, which is a call of no request, but one that costs."""
        with self._aside("evaluate"):
            self._judge_here(task, breath)

    def _judge_here(self, task: Task, breath: Breath) -> None:
        segments = as_segments(task.said.text)
        with self._judging():
            for one in task.due:
                judged_it = False
                with guarded(self._losses, f"evaluate.{one.name}", private=True):
                    judged_it = self._judged_by(one, task.said, segments, breath)
                if not judged_it:
                    self._meter.failed(one.name)

    def _judged_by(self, one: Attached, said: Said, segments: tuple[Segment, ...], breath: Breath) -> bool:
        """Judge a text by one evaluator; False where it could not."""
        began_ns = self._now_ns()
        try:
            score = _score(one.evaluator(), segments, said.context, breath)
            if score is not None:
                self.standings.add(said.operation, one.name, score.value)
        except HomeostatError:
            return False
        self._meter.took(one.name, self._now_ns() - began_ns)
        if score is None:
            self._meter.silent(one.name)
            return True
        value = float(score.value)
        self._meter.score(said.operation, one.name, value)
        self._note(said.request, said.request_name, said.seen_ns, {f"quality.{one.name}": value})
        said.scores[one.name] = value
        self._pair(said)
        return True

    def _pair(self, said: Said) -> None:
        """Pair the scores of those that are held against each other, once both have judged this text."""
        for name, beside in list(said.beside.items()):
            both = name in said.scores and beside in said.scores
            if not both or not said.beside.pop(name, ""):
                continue
            if self.pairs.add(name, beside, said.scores[name], said.scores[beside]):
                self._tell_agreement(name, beside)

    def _tell_agreement(self, name: str, beside: str) -> None:
        for measure, found in self.pairs.agreement(name, beside).items():
            if isinstance(found, Agreement):
                self._meter.agreement(name, beside, measure, found)


def _score(
    evaluator: Evaluator, segments: tuple[Segment, ...], context: Context, breath: Breath
) -> Score | None:
    """Return what an evaluator says of a text, with a rest after each piece."""
    if not speaks(evaluator, context):
        return None
    judging = evaluator.begin(context)
    for segment in segments:
        judging.add(segment)
        breath.rest()
    return judging.score()
