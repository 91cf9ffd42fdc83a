"""The names: which attribute of which convention says what of a call to a model.

One table for the three generations of OpenTelemetry's GenAI conventions (`gen_ai.system` and
`prompt_tokens`; `gen_ai.system` and `input_tokens`; `gen_ai.provider.name`), OpenInference
(`llm.token_count.*`), Traceloop (`llm.usage.*`, `traceloop.*`), the Vercel AI SDK (`ai.*`) and MCP.
Within a row the first name that a span carries wins.
"""

LLM_FIELDS: dict[str, tuple[str, ...]] = {
    "provider": ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "llm.vendor"),
    "model": (
        "gen_ai.response.model",
        "llm.response.model",
        "llm.model_name",
        "embedding.model_name",
        "ai.response.model",
    ),
    "request_model": ("gen_ai.request.model", "llm.request.model", "ai.model.id"),
    "input_tokens": (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "llm.token_count.prompt",
        "llm.usage.prompt_tokens",
    ),
    "output_tokens": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.token_count.completion",
        "llm.usage.completion_tokens",
    ),
    "cached_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.details.cache_read_tokens",
        "gen_ai.usage.input_tokens_details.cached",
        "gen_ai.openai.usage.cached_tokens",
        "llm.token_count.prompt_details.cache_read",
        "llm.usage.cache_read_input_tokens",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.details.cache_write_tokens",
        "llm.token_count.prompt_details.cache_write",
        "llm.usage.cache_creation_input_tokens",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.output_tokens_details.reasoning",
        "gen_ai.usage.details.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
        "llm.usage.reasoning_tokens",
    ),
    "first_token_s": ("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token"),
    "first_token_ms": ("ai.response.msToFirstChunk",),
    "streaming": ("gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming"),
    "parameters": ("llm.invocation_parameters", "embedding.invocation_parameters"),
    "cost": ("homeostat.llm.cost_usd",),
}

OPERATION = ("gen_ai.operation.name",)
REQUEST_TYPE = ("llm.request.type",)
SPAN_KIND = ("openinference.span.kind",)

LLM_OPERATIONS: dict[str, str] = {
    "chat": "chat",
    "completion": "text_completion",
    "text_completion": "text_completion",
    "generate_content": "generate_content",
    "embedding": "embeddings",
    "embeddings": "embeddings",
    "rerank": "rerank",
    "image_generation": "image_generation",
    "transcription": "transcription",
    "speech": "speech",
    "LLM": "chat",
    "EMBEDDING": "embeddings",
    "RERANKER": "rerank",
}
"""Values of the three attributes above that mean a call to a model, and the operation's name here."""

PROVIDERS: dict[str, str] = {
    "aws": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "az.ai.inference": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "google_genai": "gcp.gemini",
    "vertex_ai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "mistralai": "mistral_ai",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
"""Older names of providers, and the name of the current convention; all others are kept as they are."""

FIRST_TOKEN_EVENTS = frozenset(
    {
        "First Token Stream Event",
        "gen_ai.content.completion.chunk",
        "llm.content.completion.chunk",
        "ai.stream.firstChunk",
    }
)
"""Events at whose first occurrence the first part of an answer had arrived."""

MCP_METHOD = "mcp.method.name"
TOOL_NAME = ("gen_ai.tool.name", "tool.name")
AGENT_NAME = "gen_ai.agent.name"
HTTP_METHOD = ("http.request.method", "http.method")
HTTP_ROUTE = "http.route"
ERROR_TYPE = "error.type"
EXCEPTION_TYPE = "exception.type"

CONTENT = frozenset(
    {
        "ai.prompt",
        "ai.prompt.messages",
        "ai.response.object",
        "ai.response.text",
        "ai.response.toolCalls",
        "ai.toolCall.args",
        "ai.toolCall.result",
        "ai.value",
        "ai.values",
        "ai.embedding",
        "ai.embeddings",
        "all_messages_events",
        "db.query.text",
        "db.statement",
        "embedding.invocation_parameters",
        "embedding.text",
        "embedding.vector",
        "events",
        "exception.message",
        "exception.stacktrace",
        "final_result",
        "gen_ai.completion",
        "gen_ai.event.content",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.prompt",
        "gen_ai.system_instructions",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "gen_ai.tool.definitions",
        "gen_ai.tool.description",
        "http.target",
        "http.url",
        "input.value",
        "llm.function_call",
        "llm.invocation_parameters",
        "logfire.msg",
        "metadata",
        "output.value",
        "pydantic_ai.all_messages",
        "request_data",
        "tool.description",
        "tool.parameters",
        "tool_arguments",
        "tool_response",
        "url.full",
        "url.query",
    }
)
"""Attributes that carry messages, or may carry secrets: kept only where content is asked for."""

CONTENT_PREFIXES = (
    "ai.telemetry.metadata.",
    "db.query.parameter.",
    "embedding.embeddings.",
    "gen_ai.completion.",
    "gen_ai.prompt.",
    "http.request.body",
    "http.request.header.",
    "http.response.body",
    "http.response.header.",
    "input.value",
    "langfuse.observation.input",
    "langfuse.observation.output",
    "langfuse.trace.input",
    "langfuse.trace.output",
    "llm.completions.",
    "llm.input_messages.",
    "llm.output_messages.",
    "llm.prompt_template.",
    "llm.prompts.",
    "llm.request.functions.",
    "llm.tools.",
    "mcp.request.argument",
    "mcp.response.value",
    "message.",
    "mlflow.spanInputs",
    "mlflow.spanOutputs",
    "output.value",
    "reranker.input_documents.",
    "reranker.output_documents.",
    "reranker.query",
    "retrieval.documents.",
    "traceloop.association.properties.",
    "traceloop.entity.input",
    "traceloop.entity.output",
)

PER_REQUEST = frozenset(
    {
        "gen_ai.conversation.id",
        "gen_ai.response.id",
        "gen_ai.response.time_to_first_chunk",
        "gen_ai.server.time_to_first_token",
        "gen_ai.tool.call.id",
        "jsonrpc.request.id",
        "llm.response.id",
        "message.id",
        "span_id",
        "trace_id",
    }
)
"""Attributes with a value of their own for (almost) every request: not worth remembering."""

NOT_IN_SERIES = PER_REQUEST | {
    "client.address",
    "client.port",
    "enduser.id",
    "gen_ai.data_source.id",
    "gen_ai.openai.response.system_fingerprint",
    "mcp.session.id",
    "network.peer.address",
    "network.peer.port",
    "openai.response.system_fingerprint",
    "server.address",
    "server.port",
    "session.id",
    "thread.id",
    "user.id",
    "user_agent.original",
}
"""Attributes of data points that do not tell series apart: too many values, or nothing to learn from them."""

SERIES_ATTRIBUTES: dict[str, str] = {
    "gen_ai.provider.name": "provider",
    "gen_ai.system": "provider",
    "gen_ai.operation.name": "operation",
    "gen_ai.response.model": "model",
    "gen_ai.request.model": "request_model",
    "gen_ai.token.type": "type",
    "error.type": "error",
}
"""Attributes of data points that are known here under a shorter name."""


def is_content(name: str) -> bool:
    """Tell whether an attribute carries messages or may carry secrets."""
    return name in CONTENT or name.startswith(CONTENT_PREFIXES)
