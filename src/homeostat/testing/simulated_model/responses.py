"""The Responses API of the simulated model."""

import time
from collections.abc import AsyncIterator

from homeostat.testing.simulated_model.answer import Answer, answer_of
from homeostat.testing.simulated_model.chat import prompt_tokens, visible_text
from homeostat.testing.simulated_model.engine import Engine, Ticket
from homeostat.testing.simulated_model.model_ids import effort_of
from homeostat.testing.simulated_model.settings import Settings
from homeostat.testing.simulated_model.tokens import Prompt, prompt_of
from homeostat.testing.simulated_model.wire import Json, Message, ResponsesRequest, checked_limit, server_sent


def read_response(request: ResponsesRequest, settings: Settings) -> tuple[Prompt, Answer]:
    """Return what was asked and what will be answered."""
    given = [Message("user", request.input)] if isinstance(request.input, str) else request.input
    messages = [Message("system", request.instructions), *given] if request.instructions else given
    prompt = prompt_of(prompt_tokens(messages, request.tools), settings.cache_block_tokens)
    question = next((m.text for m in reversed(messages) if m.role == "user"), "")
    answer = answer_of(
        prompt,
        question,
        median_tokens=settings.answer_tokens,
        tokens_max=checked_limit(request.max_output_tokens, "max_output_tokens"),
        effort=effort_of(request.model, request.reasoning.effort if request.reasoning else None),
    )
    return prompt, answer


def _text_part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _item(number: int, status: str, content: list[Json]) -> Json:
    return {
        "id": f"msg-simulated-{number}",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def _begun(request: ResponsesRequest, number: int) -> Json:
    return {
        "id": f"resp-simulated-{number}",
        "object": "response",
        "created_at": time.time(),
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "model": request.model,
        "output": [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": request.tools or [],
        "top_p": 1.0,
        "metadata": {"server": "simulated"},
        "usage": None,
    }


def response(request: ResponsesRequest, number: int, ticket: Ticket, answer: Answer) -> Json:
    """Return the body of a whole answer."""
    usage = {
        "input_tokens": ticket.prompt.tokens,
        "input_tokens_details": {"cached_tokens": ticket.cached_tokens},
        "output_tokens": answer.output_tokens,
        "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
        "total_tokens": ticket.prompt.tokens + answer.output_tokens,
    }
    status = "incomplete" if answer.cut else "completed"
    return {
        **_begun(request, number),
        "status": status,
        "incomplete_details": {"reason": "max_output_tokens"} if answer.cut else None,
        "output": [_item(number, status, [_text_part(answer.text)])],
        "usage": usage,
    }


async def response_events(
    engine: Engine, request: ResponsesRequest, number: int, ticket: Ticket, answer: Answer, stall_s: float
) -> AsyncIterator[bytes]:
    """Yield an answer as the typed events of the Responses API, as its tokens are made."""
    sequence = 0

    def event(kind: str, **fields: object) -> bytes:
        nonlocal sequence
        body = {"type": kind, "sequence_number": sequence, **fields}
        sequence += 1
        return server_sent(body, kind)

    place = {"item_id": f"msg-simulated-{number}", "output_index": 0, "content_index": 0}
    begun = _begun(request, number)
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    item = _item(number, "in_progress", [])
    yield event("response.output_item.added", output_index=0, item=item)
    yield event("response.content_part.added", part=_text_part(""), **place)
    async for text in visible_text(engine, ticket, answer, stall_s):
        yield event("response.output_text.delta", delta=text, logprobs=[], **place)
    yield event("response.output_text.done", text=answer.text, logprobs=[], **place)
    yield event("response.content_part.done", part=_text_part(answer.text), **place)
    whole = response(request, number, ticket, answer)
    yield event("response.output_item.done", output_index=0, item=whole["output"][0])
    yield event("response.incomplete" if answer.cut else "response.completed", response=whole)
