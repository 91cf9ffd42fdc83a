"""Usage: the tokens that a provider's answer says it took, whatever the shape of the answer.

Read are OpenAI's chat completions and responses, whole or as the chunks and events of a stream, and
Anthropic's messages; as objects of the client packages or as plain dictionaries.
"""

from typing import NamedTuple

TOKENS_MAX = 2**40


class Usage(NamedTuple):
    """Tokens of one call, counted once: cached and written ones are input, reasoning ones are output."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


def field(answer: object, *names: str) -> object:
    """Return what lies at a path of keys or attributes; None where it ends early."""
    for name in names:
        answer = answer.get(name) if isinstance(answer, dict) else getattr(answer, name, None)
        if answer is None:
            return None
    return answer


def tokens(value: object) -> int | None:
    """Return a number of tokens, None for what cannot be one."""
    return value if type(value) is int and 0 <= value <= TOKENS_MAX else None


def message_of(answer: object) -> object:
    """Return the answer itself where an event of a stream wraps it; chat completions never do."""
    if field(answer, "choices") is not None:
        return answer
    for wrapper in ("response", "message"):
        inner = field(answer, wrapper)
        if field(inner, "usage") is not None or field(inner, "model") is not None:
            return inner
    return answer


def model_of(answer: object) -> str:
    """Return the model that answered; empty where the answer does not say."""
    model = field(message_of(answer), "model")
    return model if isinstance(model, str) else ""


def usage_of(answer: object) -> Usage | None:
    """Return what an answer says of its tokens, None where it says nothing."""
    usage = field(message_of(answer), "usage")
    if usage is None:
        return None
    if field(usage, "prompt_tokens") is not None:
        return Usage(
            input_tokens=tokens(field(usage, "prompt_tokens")),
            output_tokens=tokens(field(usage, "completion_tokens")),
            cached_tokens=tokens(field(usage, "prompt_tokens_details", "cached_tokens")),
            reasoning_tokens=tokens(field(usage, "completion_tokens_details", "reasoning_tokens")),
        )
    read = tokens(field(usage, "cache_read_input_tokens"))
    written = tokens(field(usage, "cache_creation_input_tokens"))
    total = tokens(field(usage, "input_tokens"))
    if total is not None:
        total += (read or 0) + (written or 0)  # Anthropic counts only what was neither read nor written
    return Usage(
        input_tokens=total,
        output_tokens=tokens(field(usage, "output_tokens")),
        cached_tokens=read
        if read is not None
        else tokens(field(usage, "input_tokens_details", "cached_tokens")),
        cache_write_tokens=written,
        reasoning_tokens=tokens(field(usage, "output_tokens_details", "reasoning_tokens")),
    )


def carries_token(chunk: object) -> bool:
    """Tell whether a chunk of a stream holds part of the answer, rather than only what surrounds it."""
    if isinstance(chunk, str | bytes):
        return bool(chunk)
    choices = field(chunk, "choices")
    if isinstance(choices, list):
        return any(_says_something(choice) for choice in choices)
    kind = field(chunk, "type")
    return kind.endswith("delta") and kind != "message_delta" if isinstance(kind, str) else True


def _says_something(choice: object) -> bool:
    parts = ("content", "reasoning_content", "reasoning", "tool_calls", "function_call", "refusal")
    return bool(field(choice, "text")) or any(field(choice, "delta", part) for part in parts)
