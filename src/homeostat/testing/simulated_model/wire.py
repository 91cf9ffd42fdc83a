"""What clients of the OpenAI API send, as far as the simulated model reads it, and its answers in JSON."""

from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from homeostat.core.errors import InputError

Json = dict[str, Any]
FINGERPRINT = "simulated"


class Part(msgspec.Struct):
    """A piece of a message; what is no text is counted by its type only."""

    type: str = "text"
    text: str = ""


class Message(msgspec.Struct):
    """One message of a conversation."""

    role: str = "user"
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """All text of the message."""
        if isinstance(self.content, list):
            return "\n".join(part.text or f"[{part.type}]" for part in self.content)
        return self.content or ""


class StreamOptions(msgspec.Struct):
    """Whether the last chunk of a stream tells the usage."""

    include_usage: bool = False


class ChatRequest(msgspec.Struct):
    """The body of POST /v1/chat/completions. `min_tokens` is vLLM's extension."""

    model: str
    messages: list[Message]
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    min_tokens: int | None = None
    reasoning_effort: str | None = None
    tools: list[Json] | None = None


class Reasoning(msgspec.Struct):
    """How hard a model of the Responses API is asked to think."""

    effort: str | None = None


class ResponsesRequest(msgspec.Struct):
    """The body of POST /v1/responses."""

    model: str
    input: str | list[Message]
    instructions: str | None = None
    stream: bool = False
    max_output_tokens: int | None = None
    reasoning: Reasoning | None = None
    tools: list[Json] | None = None


class EmbeddingsRequest(msgspec.Struct):
    """The body of POST /v1/embeddings."""

    model: str
    input: str | list[str | int | list[int]]
    dimensions: int = 256
    encoding_format: str = "float"


class ModerationRequest(msgspec.Struct):
    """The body of POST /v1/moderations."""

    input: str
    model: str = "omni-moderation-latest"


T = TypeVar("T")


async def decoded(request: Request, kind: type[T]) -> T:
    """Read the body of a request, or raise InputError that says what is wrong with it."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The body is not a {kind.__name__}: {error}") from error


def checked_limit(tokens: int | None, name: str) -> int | None:
    """Return a limit of tokens, or raise InputError for one that no answer can keep."""
    if tokens is not None and not 1 <= tokens <= 1_000_000:
        raise InputError(f"{name} must lie between 1 and 1000000, not {tokens}")
    return tokens


def json_response(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(msgspec.json.encode(body), status, headers, "application/json")


def error_response(
    status: int, message: str, kind: str, code: str | None = None, retry_after_s: float | None = None
) -> Response:
    """Answer with an error in the shape that OpenAI's clients read."""
    headers = {} if retry_after_s is None else {"retry-after": f"{retry_after_s:g}"}
    error = {"message": message, "type": kind, "param": None, "code": code}
    return json_response({"error": error}, status, headers)


def server_sent(data: object, event: str | None = None) -> bytes:
    """Frame one server-sent event."""
    head = b"" if event is None else f"event: {event}\n".encode()
    return head + b"data: " + msgspec.json.encode(data) + b"\n\n"
