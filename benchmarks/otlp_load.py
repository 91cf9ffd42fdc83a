"""A batch of OTLP spans as a busy LLM application sends it: the input of the ingest benchmark."""

import random
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SPANS = 512
"""What OpenTelemetry's batch processor sends at once."""

MODELS = (("openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18"), ("anthropic", "claude-sonnet-4-5", ""))
CALLS_A_TRACE = 4
SPREAD_S = 5.0
"""How often the batch processor sends."""


def _attributes(rng: random.Random, provider: str, model: str, answered_by: str) -> dict[str, Any]:
    """14 to 16 attributes, as opentelemetry-instrumentation-genai-openai 1.3b0 writes them."""
    tokens = rng.randrange(50, 8_000)
    found: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "server.address": f"api.{provider}.com",
        "server.port": 443,
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 1_024,
        "gen_ai.response.model": answered_by or model,
        "gen_ai.response.id": f"chatcmpl-{rng.getrandbits(120):030x}",
        "gen_ai.usage.input_tokens": tokens,
        "gen_ai.usage.output_tokens": rng.randrange(1, 900),
        "gen_ai.usage.cache_read.input_tokens": rng.randrange(tokens),
        "gen_ai.usage.reasoning.output_tokens": 0,
        "openai.response.service_tier": "default",
    }
    if rng.random() < 0.5:
        found |= {
            "gen_ai.request.stream": True,
            "gen_ai.response.time_to_first_chunk": rng.lognormvariate(-1.0, 0.4),
        }
    return found


def llm_request(end_ns: int, seed: int, spans: int = SPANS) -> ExportTraceServiceRequest:
    """Return a request of calls to two models that ended within the last five seconds, four to a trace."""
    rng = random.Random(seed)
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "assistant"
    scope = resource.scope_spans.add()
    scope.scope.name = "opentelemetry.instrumentation.genai.openai"
    trace_id = parent_id = b""
    for i in range(spans):
        if i % CALLS_A_TRACE == 0:
            trace_id, parent_id = rng.randbytes(16), rng.randbytes(8)
        provider, model, answered_by = MODELS[rng.random() < 0.3]
        ended = end_ns - int(rng.random() * SPREAD_S * 1e9)
        took = int(rng.lognormvariate(0.0, 0.5) * 1e9)
        span = scope.spans.add(
            trace_id=trace_id,
            span_id=rng.randbytes(8),
            parent_span_id=parent_id,
            name=f"chat {model}",
            kind=3,
            start_time_unix_nano=ended - took,
            end_time_unix_nano=ended,
        )
        for name, value in _attributes(rng, provider, model, answered_by).items():
            held = span.attributes.add(key=name).value
            kind = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value"}[
                type(value)
            ]
            setattr(held, kind, value)
        finish = span.attributes.add(key="gen_ai.response.finish_reasons").value
        finish.array_value.values.add().string_value = "stop"
    return request
