"""The chat completions of the simulated model."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from homeostat.testing.simulated_model.answer import Answer, answer_of
from homeostat.testing.simulated_model.engine import Engine, Ticket
from homeostat.testing.simulated_model.model_ids import effort_of
from homeostat.testing.simulated_model.settings import Settings
from homeostat.testing.simulated_model.tokens import Prompt, prompt_of, tokenize
from homeostat.testing.simulated_model.wire import (
    FINGERPRINT,
    ChatRequest,
    Json,
    Message,
    checked_limit,
    server_sent,
)

Reply = Callable[[ChatRequest], str]
"""Says what is answered to a request, in place of the grammar."""


def prompt_tokens(messages: Sequence[Message], tools: Sequence[Json] | None) -> list[str]:
    """Return the tokens of a conversation: the tools first, then each message behind a mark of its role."""
    tokens = tokenize(msgspec.json.encode(tools).decode()) if tools else []
    for message in messages:
        tokens.append(f"<{message.role}>")
        tokens.extend(tokenize(message.text))
    tokens.append("<assistant>")
    return tokens


def read_chat(request: ChatRequest, settings: Settings, reply: Reply | None = None) -> tuple[Prompt, Answer]:
    """Return what was asked and what will be answered."""
    tokens = prompt_tokens(request.messages, request.tools)
    prompt = prompt_of(tokens, settings.cache_block_tokens)
    question = next((m.text for m in reversed(request.messages) if m.role == "user"), "")
    tokens_max = checked_limit(request.max_completion_tokens, "max_completion_tokens")
    tokens_max = tokens_max or checked_limit(request.max_tokens, "max_tokens")
    if reply is not None:
        said = tokenize(reply(request))
        return prompt, Answer(tuple(said[:tokens_max]), 0, len(said[:tokens_max]) < len(said))
    answer = answer_of(
        prompt,
        question,
        median_tokens=settings.answer_tokens,
        tokens_max=tokens_max,
        tokens_min=checked_limit(request.min_tokens, "min_tokens") or 1,
        effort=effort_of(request.model, request.reasoning_effort),
    )
    return prompt, answer


def _usage(ticket: Ticket, answer: Answer) -> Json:
    return {
        "prompt_tokens": ticket.prompt.tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": ticket.prompt.tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": ticket.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": answer.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _head(request: ChatRequest, number: int, kind: str) -> Json:
    return {
        "id": f"chatcmpl-simulated-{number}",
        "object": kind,
        "created": int(time.time()),
        "model": request.model,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }


def completion(request: ChatRequest, number: int, ticket: Ticket, answer: Answer) -> Json:
    """Return the body of a whole answer."""
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": "length" if answer.cut else "stop",
    }
    return {
        **_head(request, number, "chat.completion"),
        "choices": [choice],
        "usage": _usage(ticket, answer),
    }


async def completion_chunks(
    engine: Engine, request: ChatRequest, number: int, ticket: Ticket, answer: Answer, stall_s: float
) -> AsyncIterator[bytes]:
    """Yield an answer as server-sent events, as its tokens are made."""
    head = _head(request, number, "chat.completion.chunk")
    include_usage = request.stream_options is not None and request.stream_options.include_usage
    if include_usage:
        head["usage"] = None

    def chunk(delta: Json, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return server_sent({**head, "choices": [choice]})

    first = {"role": "assistant", "refusal": None}
    async for text in visible_text(engine, ticket, answer, stall_s):
        yield chunk({**first, "content": text})
        first = {}
    yield chunk({}, "length" if answer.cut else "stop")
    if include_usage:
        yield server_sent({**head, "choices": [], "usage": _usage(ticket, answer)})
    yield b"data: [DONE]\n\n"


async def visible_text(engine: Engine, ticket: Ticket, answer: Answer, stall_s: float) -> AsyncIterator[str]:
    """Yield the text of an answer as it comes; what is reasoned before it is not seen."""
    sent = 0
    async for made in engine.progress(ticket):
        ready = made - answer.reasoning_tokens
        if ready <= sent:
            continue
        if stall_s and ready > len(answer.tokens) // 2:
            await asyncio.sleep(stall_s)
            stall_s = 0.0
        yield "".join(answer.tokens[sent:ready])
        sent = ready
