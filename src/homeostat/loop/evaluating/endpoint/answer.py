"""The answers of judges elsewhere, as far as they are read; anything else is rubbish."""

import re
from typing import Annotated, TypeVar

import msgspec

from homeostat.loop.evaluating.endpoint.rubric import SCORE_MAX
from homeostat.runtime.endpoint.unanswered import Unanswered, Why

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Message(msgspec.Struct):
    """What a model says; `refusal` is where it declines."""

    content: str | None = None
    refusal: str | None = None


class Choice(msgspec.Struct):
    """One answer."""

    message: Message
    finish_reason: str | None = None


class Usage(msgspec.Struct):
    """The tokens that it took."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Completion(msgspec.Struct):
    """The body that answers a chat."""

    choices: Annotated[list[Choice], msgspec.Meta(min_length=1)]
    usage: Usage | None = None


class Grade(msgspec.Struct):
    """The structured answer of a judge."""

    score: Annotated[float, msgspec.Meta(ge=0, le=SCORE_MAX)]


class Moderated(msgspec.Struct):
    """One result of a moderation."""

    flagged: bool
    category_scores: dict[str, Share]


class Moderation(msgspec.Struct):
    """The body that answers a moderation."""

    results: Annotated[list[Moderated], msgspec.Meta(min_length=1)]
    usage: Usage | None = None


T = TypeVar("T")

_FENCED = re.compile(r"\s*```(?:json)?\s*(\{.*\})\s*```\s*", re.DOTALL)


def decoded(body: bytes, kind: type[T], host: str) -> T:
    """Return a body as what it should be. Raises Unanswered where it is something else."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unanswered(f"{host} answers something else than a {kind.__name__}", Why.RUBBISH) from None


def grade_of(completion: Completion, host: str) -> float:
    """Return the grade in a chat's answer, a share of the best one. Raises Unanswered where there is none."""
    choice = completion.choices[0]
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise Unanswered(f"{host} declines to grade the text", Why.REFUSED)
    content = choice.message.content or ""
    fenced = _FENCED.fullmatch(content)
    grade = decoded((fenced[1] if fenced else content).encode("utf-8", "replace"), Grade, host)
    return grade.score / SCORE_MAX
