"""The call to a model as the attributes of a span tell it, in whatever convention they are written."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from homeostat.core.span import LlmCall, Scalar, SpanEvent
from homeostat.observe.ingest.names import (
    FIRST_TOKEN_EVENTS,
    LLM_FIELDS,
    LLM_OPERATIONS,
    OPERATION,
    PROVIDERS,
    REQUEST_TYPE,
    SPAN_KIND,
)

TOKENS_MAX = 2**40
COST_USD_MAX = 1e6


class Shape(NamedTuple):
    """Which attribute says what, for all spans that carry the same names; empty where none does."""

    operation: str
    provider: str
    model: str
    request_model: str
    input_tokens: str
    output_tokens: str
    cached_tokens: str
    cache_write_tokens: str
    reasoning_tokens: str
    first_token_s: str
    first_token_ms: str
    streaming: str
    parameters: str
    cost: str


@lru_cache(maxsize=4_096)
def shape_of(names: tuple[str, ...]) -> Shape | None:
    """Return the shape of the spans that carry these names, None where nothing speaks of a model."""
    present = frozenset(names)

    def first(candidates: Sequence[str]) -> str:
        return next((c for c in candidates if c in present), "")

    fields = {field: first(candidates) for field, candidates in LLM_FIELDS.items()}
    operation = first((*OPERATION, *REQUEST_TYPE, *SPAN_KIND))
    if not operation and not ((fields["model"] or fields["request_model"]) and fields["provider"]):
        return None
    return Shape(operation=operation, **fields)


class Parameters(msgspec.Struct):
    """What OpenInference says of a request only within `llm.invocation_parameters`."""

    model: str = ""
    stream: bool = False


@lru_cache(maxsize=1_024)
def parameters_of(text: str) -> Parameters:
    """Read the two parameters of interest; the defaults where the text is something else."""
    try:
        return msgspec.json.decode(text, type=Parameters)
    except (msgspec.DecodeError, RecursionError):
        return Parameters()


def tokens_of(value: Scalar | None) -> int | None:
    """Return a number of tokens, None for what cannot be one."""
    if value is None:
        return None
    if type(value) is int:
        return value if 0 <= value <= TOKENS_MAX else None
    if isinstance(value, float) and value.is_integer():
        return tokens_of(int(value))
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return tokens_of(int(value))
    return None


def seconds_ns(value: Scalar | None, unit_ns: float) -> int | None:
    """Return a duration in nanoseconds, None for what cannot be one."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value * unit_ns < 2**62:
        return int(value * unit_ns)
    return None


@lru_cache(maxsize=256)
def provider_of(value: Scalar | None) -> str:
    """Return the provider under its current name; empty where none is said."""
    if not value or not isinstance(value, str):
        return ""
    name = value.strip().lower()
    return PROVIDERS.get(name, name)


def llm_call(
    attributes: Mapping[str, Scalar], events: Sequence[SpanEvent], start_ns: int, duration_ns: int
) -> LlmCall | None:
    """Return the call that a span describes, None where it is no call to a model.

    An agent's, a tool's or a chain's span is none, whatever tokens it sums up. What the sender did not
    say stays None; a provider is never guessed from the name of a model.
    """
    shape = shape_of(tuple(attributes))
    if shape is None:
        return None
    (
        operation_name,
        provider,
        model,
        asked_for,
        input_name,
        output_name,
        cached_name,
        cache_write_name,
        reasoning_name,
        first_token_s,
        first_token_ms,
        stream,
        parameters_name,
        cost_name,
    ) = shape
    get = attributes.get
    operation = LLM_OPERATIONS.get(str(get(operation_name, "chat")))
    if operation is None:
        return None
    request_model = str(get(asked_for, ""))
    streaming = get(stream) in (True, "true")
    if parameters_name:
        parameters = parameters_of(str(attributes[parameters_name]))
        request_model = request_model or parameters.model
        streaming = streaming or parameters.stream
    first_token_ns = None
    if first_token_s:
        first_token_ns = seconds_ns(get(first_token_s), 1e9)
    elif first_token_ms:
        first_token_ns = seconds_ns(get(first_token_ms), 1e6)
    elif events:
        first_token_ns = next((e.time_ns - start_ns for e in events if e.name in FIRST_TOKEN_EVENTS), None)
    if first_token_ns is not None and not 0 <= first_token_ns <= duration_ns:
        first_token_ns = None
    input_tokens, output_tokens = tokens_of(get(input_name)), tokens_of(get(output_name))
    cached, cache_write = tokens_of(get(cached_name)), tokens_of(get(cache_write_name))
    reasoning = tokens_of(get(reasoning_name))
    if input_tokens is not None and (cached or 0) + (cache_write or 0) > input_tokens:
        input_tokens += (cached or 0) + (cache_write or 0)  # this sender counts only what was not cached
    if output_tokens is not None and reasoning is not None and reasoning > output_tokens:
        output_tokens += reasoning  # likewise
    cost = get(cost_name)
    return LlmCall(
        operation=operation,
        provider=provider_of(get(provider)),
        model=str(get(model, "")) or request_model,
        request_model=request_model,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=cached,
        cache_write_tokens=cache_write,
        reasoning_tokens=reasoning,
        first_token_ns=first_token_ns,
        streaming=streaming or first_token_ns is not None,
        cost_usd=float(cost) if isinstance(cost, int | float) and 0 <= cost < COST_USD_MAX else None,
    )
