"""The evaluators of an application: attached to its operations, or asked directly."""

import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from homeostat.core.endpoint import endpoint_at
from homeostat.core.errors import ConfigError, EmbedderError, NotAvailable, TooLarge
from homeostat.core.guard import guarded
from homeostat.evaluate.evaluator import Evaluator
from homeostat.evaluate.passage import Context, Segment
from homeostat.loop.evaluating.attached import Attached, Attachments, Due
from homeostat.loop.evaluating.said import Said
from homeostat.loop.evaluating.shelf import Shelf
from homeostat.observe.operation import Operation
from homeostat.runtime.host import Host

if TYPE_CHECKING:
    from homeostat.core.embedder import Embedder
    from homeostat.evaluate.evaluation import Evaluation
    from homeostat.loop.evaluating.bench import Bench
    from homeostat.loop.evaluating.endpoint.judge import EndpointJudge
    from homeostat.loop.evaluating.endpoint.moderation import EndpointModeration
    from homeostat.loop.evaluating.endpoint.rubric import Rubric
    from homeostat.loop.evaluating.standing import Standing
    from homeostat.stats.agreement import Agreement
    from homeostat.stats.not_known import NotKnown

Known = Context | Callable[[], Context] | None
"""What is known beside a text, or a function that finds it out, called only for texts that are judged."""

E = TypeVar("E", bound="EndpointJudge | EndpointModeration")

RATE = 0.1
OPERATIONS_MAX = 1_000


class Evaluators:
    """Judges what an application says.

    Those that are attached judge a share of what `said` hands over: the draw comes first, the work is done
    beside the requests, within the share of a core that the knob `evaluating_share` says. Their scores are
    recorded as `quality.NAME` of the operation, and count as the outcome `quality.NAME` of its request, for
    trials and guardrails. Of a text nothing is kept.
    """

    def __init__(self, host: Host, environment: Mapping[str, str]) -> None:
        self._host = host
        self._losses = host.losses
        self._within = host.tracer.within
        self._now_ns = host.clock.monotonic_ns
        self._draw = random.random
        self._lock = threading.Lock()
        self._set({})
        self._environment = environment
        self._shelf = Shelf(host, environment)
        self._endpoints: list[EndpointJudge | EndpointModeration] = []
        self._bench: Bench | None = None

    def attach(
        self, operation: str, evaluator: str | Evaluator, *, rate: float = RATE, beside: str = ""
    ) -> None:
        """Judge a share `rate` of what is said in an operation, by a shipped evaluator's name or your own.

        `beside` names another that is attached there: how far the two agree is then measured. Attached again,
        it takes the new rate. Your own may say `elsewhere = True` where it waits for another machine. Raises
        ConfigError for a name that is none, and a rate that is no share.
        """
        if not operation or not isinstance(operation, str):
            raise ConfigError(
                f"name the operation whose words are judged, such as 'answer', not {operation!r}"
            )
        if not 0.0 <= rate <= 1.0:
            raise ConfigError(f"rate must be a share from 0 to 1, such as 0.1, not {rate!r}")
        one = self._attachment(evaluator, float(rate), beside)
        with self._lock:
            before = self._attached.get(operation)
            if before is None and len(self._attached) >= OPERATIONS_MAX:
                raise ConfigError(f"evaluators are attached to {OPERATIONS_MAX} operations: that is the most")
            others = [] if before is None else [other for other in before.all if other.name != one.name]
            if beside and beside not in {other.name for other in others}:
                raise ConfigError(f"{beside!r} is not attached to {operation!r}: attach it first")
            self._set({**self._attached, operation: Attachments.of([*others, one])})

    def detach(self, operation: str, name: str) -> None:
        """Judge no longer. Raises ConfigError where no evaluator of that name is attached."""
        with self._lock:
            before = self._attached.get(operation)
            if before is None or name not in before.names:
                raise ConfigError(f"no evaluator named {name!r} is attached to {operation!r}")
            left = [one for one in before.all if one.name != name]
            others = {at: attachments for at, attachments in self._attached.items() if at != operation}
            self._set({**others, operation: Attachments.of(left)} if left else others)

    def judge(self, address: str, rubric: "str | Rubric" = "coherence") -> "EndpointJudge":
        """Return a judge elsewhere, to be attached or asked: a model at `https://host/v1?model=NAME`.

        `rubric` names a shipped one (`coherence`, `faithfulness`, `helpfulness`, `tone`), or is your own. The
        key comes from the environment (`HOMEOSTAT_ENDPOINT_KEY`). Raises ConfigError.
        """
        from homeostat.loop.evaluating.endpoint.judge import EndpointJudge
        from homeostat.loop.evaluating.endpoint.rubric import rubric_named

        known = rubric_named(rubric) if isinstance(rubric, str) else rubric
        return self._kept(EndpointJudge(self._host, endpoint_at(address, self._environment), known))

    def moderation(self, address: str) -> "EndpointModeration":
        """Return a moderation elsewhere, in the same way."""
        from homeostat.loop.evaluating.endpoint.moderation import EndpointModeration

        return self._kept(EndpointModeration(self._host, endpoint_at(address, self._environment)))

    def use(self, embedder: "Embedder | str") -> None:
        """Give evaluators another embedder than MiniLM: one that is open, or a setting such as `static`."""
        self._shelf.use(embedder)

    def said(self, text: str | Sequence[Segment], context: Known = None) -> None:
        """Hand over what the application says, within the operation that says it.

        It is judged by what is attached to that operation, else to the nearest around it. Never waits and
        never raises; what is not judged for want of room is counted (`evaluate.dropped`).
        """
        rate_max = self._rate_max
        if not rate_max or (draw := self._draw()) >= rate_max:
            return
        operation = self._within()
        if operation is None:
            self._losses.add("evaluate.said_outside_of_operations")
        while operation is not None:
            here = self._attached.get(operation.site.name)
            if here is not None:
                if draw < here.rate_max:
                    with guarded(self._losses, "evaluate.said", private=True):
                        self._take(text, context, operation, here.due(draw))
                return
            operation = operation.outer

    def evaluate(
        self,
        text: str | Sequence[Segment],
        context: Context | None = None,
        *,
        evaluators: Iterable[str | Evaluator] | None = None,
    ) -> "Evaluation":
        """Judge a text now, by all shipped evaluators or by those given, and return what they say.

        A text is cut into sentences; turns and scenes are given as segments. Nothing is recorded. Raises
        ConfigError for a name that is none, TooLarge beyond a million characters.
        """
        from homeostat.evaluate.evaluation import evaluation
        from homeostat.evaluate.evaluators import names
        from homeostat.evaluate.segments import as_segments
        from homeostat.loop.evaluating.said import CHARACTERS_MAX

        segments = as_segments(text)
        length = sum(len(segment.text) for segment in segments)
        if length > CHARACTERS_MAX:
            raise TooLarge(f"{length:,} characters are too many to judge: {CHARACTERS_MAX:,} at most")
        silent: dict[str, str] = {}
        asked: list[Evaluator] = []
        for one in names() if evaluators is None else evaluators:
            try:
                asked.append(self._shelf.get(one) if isinstance(one, str) else one)
            except (NotAvailable, EmbedderError) as error:
                silent[str(one)] = str(error)
        with self._shelf.judging():
            return evaluation(asked, segments, context or Context(), silent)

    def standings(self) -> "tuple[Standing, ...]":
        """Return the mean of each attached evaluator's judgements so far, with its interval."""
        return () if self._bench is None else self._bench.standings.all()

    def agreement(self, evaluator: str, beside: str) -> "Mapping[str, Agreement | NotKnown]":
        """Return how far two attached ones agree: `alpha` of their scores, `kappa` of what they flag."""
        return self._at_the_bench().pairs.agreement(evaluator, beside)

    def wait(self, timeout_s: float = 5.0) -> bool:
        """Wait until all that was handed over is judged; False if that takes longer than the time given."""
        return self._bench is None or self._bench.wait(timeout_s)

    def close(self, timeout_s: float) -> None:
        """End the threads, and the connections of judges; what still waits is counted as dropped."""
        if self._bench is not None:
            self._bench.close(timeout_s)
        for endpoint in self._endpoints:
            endpoint.close()

    def forget(self) -> None:
        """Begin anew in a forked child: what waits, and what was found so far, is the parent's."""
        self._lock = threading.Lock()
        self._bench = None

    def _kept(self, endpoint: E) -> E:
        self._endpoints.append(endpoint)
        return endpoint

    def _set(self, attached: Mapping[str, Attachments]) -> None:
        self._attached = attached
        self._rate_max = max((here.rate_max for here in attached.values()), default=0.0)

    def _attachment(self, evaluator: str | Evaluator, rate: float, beside: str) -> Attached:
        if isinstance(evaluator, str):
            from homeostat.evaluate.evaluators import shipped

            return Attached(shipped(evaluator).name, rate, partial(self._shelf.get, evaluator), False, beside)
        elsewhere = bool(getattr(evaluator, "elsewhere", False))
        return Attached(evaluator.name, rate, lambda: evaluator, elsewhere, beside)

    def _take(self, text: str | Sequence[Segment], context: Known, operation: Operation, due: Due) -> None:
        known = context() if callable(context) else context
        request = operation.request
        whole = request.name or (operation.root or operation).site.name
        said = Said(text, known or Context(), operation.site.name, request, whole, self._now_ns(), due.beside)
        self._at_the_bench().take(said, due)

    def _at_the_bench(self) -> "Bench":
        """Return where texts are judged, made when the first one is: it needs numpy."""
        if self._bench is None:
            from homeostat.loop.evaluating.bench import Bench

            with self._lock:
                if self._bench is None:
                    self._bench = Bench(self._host, self._shelf.judging)
        return self._bench
