"""Chat completions: one question to a model, and what it answers."""

import msgspec

from homeostat.prompts.extraction.rewriting.answer import Answer, NoAnswer
from homeostat.prompts.extraction.rewriting.client import Client


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


async def complete(client: Client, messages: list[dict[str, str]], tokens_max: int) -> Answer | NoAnswer:
    """Return what a model answers, at most so many tokens. Raises NotAvailable as the client does."""
    request = {"model": client.endpoint.model, "messages": messages, "max_completion_tokens": tokens_max}
    body = await client.post("chat/completions", request, tokens_max)
    if isinstance(body, NoAnswer):
        return body
    try:
        found = msgspec.json.decode(body, type=_Completion)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return NoAnswer(f"answers no chat completion: {error}")
    if not found.choices:
        return NoAnswer("answers no choice")
    choice, usage = found.choices[0], found.usage or _Usage()
    details = usage.prompt_tokens_details or _Details()
    return Answer(
        choice.message.content or "",
        usage.prompt_tokens,
        usage.completion_tokens,
        details.cached_tokens or 0,
        finished=choice.finish_reason in {"stop", None},
    )
