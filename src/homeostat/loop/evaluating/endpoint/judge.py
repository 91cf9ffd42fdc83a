"""The endpoint's judge: a model elsewhere that grades a text by a rubric."""

import math
import secrets
from functools import partial

import msgspec

from homeostat.core.endpoint import Endpoint
from homeostat.evaluate.evaluator import Score, Validation
from homeostat.evaluate.passage import Context, Segment
from homeostat.loop.evaluating.endpoint.answer import Completion, decoded, grade_of
from homeostat.loop.evaluating.endpoint.gathered import Gathered
from homeostat.loop.evaluating.endpoint.rubric import Rubric, messages
from homeostat.runtime.endpoint.asking import ANSWER_TIMEOUT_S, Asking
from homeostat.runtime.endpoint.unanswered import Unanswered, Why
from homeostat.runtime.host import Host

CHARACTERS_MAX = 40_000
"""A longer text is not sent: a grade of a part of it would be none of the whole."""

TOKENS_MAX = 2_000
"""Room for models that think before they answer."""

NOT_VALIDATED = Validation(
    on="nothing of ours: attach it beside one of ours, and read `evaluate.agreement`",
    measure="agreement",
    figure=math.nan,
    baseline=math.nan,
    baseline_is="none",
    of=0,
)

_FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "grade",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"score": {"type": "integer"}},
            "required": ["score"],
            "additionalProperties": False,
        },
    },
}


class EndpointJudge:
    """An evaluator whose score is the grade of a model, named `judge.` and its rubric's name.

    Each question is recorded as a call to a model, with tokens and cost; each without a usable answer is
    counted (`evaluate.endpoint.failed`) and says nothing. Knobs: `judge_rate` and those of its retry and
    breaker. Any thread may judge; close it at the end.
    """

    elsewhere = True

    def __init__(
        self, host: Host, endpoint: Endpoint, rubric: Rubric, answer_timeout_s: float = ANSWER_TIMEOUT_S
    ) -> None:
        self.name = f"judge.{rubric.name}"
        self.validation = NOT_VALIDATED
        self.needs = rubric.needs
        self._rubric = rubric
        self._endpoint = endpoint
        self._llm = host.tracer.llm
        self._asking = Asking(host, "judge", endpoint, answer_timeout_s=answer_timeout_s)
        self._failed = {
            why: host.counter("evaluate.endpoint.failed", "1", evaluator=self.name, reason=why.value)
            for why in Why
        }

    def begin(self, context: Context) -> Gathered:
        """Return what will ask about one passage; it says nothing where the context lacks what it needs."""
        lacks = any(not getattr(context, field) for field in self.needs)
        return Gathered(None if lacks else partial(self._judged, context))

    def close(self) -> None:
        """Close its connections."""
        self._asking.close()

    def _judged(self, context: Context, segments: tuple[Segment, ...]) -> Score:
        try:
            return Score(evaluator=self.name, value=self._grade(context, segments))
        except Unanswered as error:
            self._failed[error.why].add(1)
            raise

    def _grade(self, context: Context, segments: tuple[Segment, ...]) -> float:
        asked = messages(self._rubric, segments, context, f"material-{secrets.token_hex(8)}")
        if sum(len(message["content"]) for message in asked) > CHARACTERS_MAX:
            raise Unanswered(f"the text is longer than {CHARACTERS_MAX:,} characters", Why.TOO_LONG)
        body = msgspec.json.encode(
            {
                "model": self._endpoint.model,
                "messages": asked,
                "response_format": _FORMAT,
                "max_completion_tokens": TOKENS_MAX,
            }
        )
        with self._llm(self._endpoint.model, self._endpoint.provider, operation="chat") as call:
            answer = decoded(self._asking.ask("chat/completions", body), Completion, self._endpoint.host)
            if answer.usage is not None:
                used = answer.usage
                call.usage(input_tokens=used.prompt_tokens, output_tokens=used.completion_tokens)
        return grade_of(answer, self._endpoint.host)
