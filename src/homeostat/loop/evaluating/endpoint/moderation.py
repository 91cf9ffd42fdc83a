"""The endpoint's moderation: a service elsewhere that says whether a text is harmful, and how."""

import msgspec

from homeostat.core.endpoint import Endpoint
from homeostat.evaluate.evaluator import Score
from homeostat.evaluate.passage import Context, Segment
from homeostat.loop.evaluating.endpoint.answer import Moderated, Moderation, decoded
from homeostat.loop.evaluating.endpoint.gathered import Gathered
from homeostat.loop.evaluating.endpoint.judge import CHARACTERS_MAX, NOT_VALIDATED
from homeostat.runtime.endpoint.asking import ANSWER_TIMEOUT_S, Asking
from homeostat.runtime.endpoint.unanswered import Unanswered, Why
from homeostat.runtime.host import Host

NAME = "moderation"


class EndpointModeration:
    """An evaluator whose score is 1 less the highest score of a moderation endpoint; named `moderation`.

    What the service flags scores below a half, what it does not flag a half at least, so that its verdicts
    can be held against ours (Cohen's kappa); `parts` are its scores by category. Calls and failures are
    recorded as those of an `EndpointJudge`; knobs: `moderation_rate`, and of its retry and breaker.
    """

    elsewhere = True

    def __init__(self, host: Host, endpoint: Endpoint, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self.name = NAME
        self.validation = NOT_VALIDATED
        self._endpoint = endpoint
        self._llm = host.tracer.llm
        self._asking = Asking(host, NAME, endpoint, rate=10.0, answer_timeout_s=answer_timeout_s)
        self._failed = {
            why: host.counter("evaluate.endpoint.failed", "1", evaluator=NAME, reason=why.value)
            for why in Why
        }

    def begin(self, context: Context) -> Gathered:
        """Return what will ask about one passage."""
        return Gathered(self._judged)

    def close(self) -> None:
        """Close its connections."""
        self._asking.close()

    def _judged(self, segments: tuple[Segment, ...]) -> Score:
        try:
            found = self._moderated(segments)
        except Unanswered as error:
            self._failed[error.why].add(1)
            raise
        harmless = 1.0 - max(found.category_scores.values(), default=0.0)
        value = min(harmless, 0.49) if found.flagged else max(harmless, 0.5)
        return Score(evaluator=NAME, value=value, parts=found.category_scores)

    def _moderated(self, segments: tuple[Segment, ...]) -> Moderated:
        text = "\n".join(segment.text for segment in segments)
        if len(text) > CHARACTERS_MAX:
            raise Unanswered(f"the text is longer than {CHARACTERS_MAX:,} characters", Why.TOO_LONG)
        sent = text.encode("utf-8", "replace").decode()
        body = msgspec.json.encode({"model": self._endpoint.model, "input": sent})
        with self._llm(self._endpoint.model, self._endpoint.provider, operation="moderation") as call:
            answer = decoded(self._asking.ask("moderations", body), Moderation, self._endpoint.host)
            if answer.usage is not None:
                call.usage(input_tokens=answer.usage.prompt_tokens)
        return answer.results[0]
