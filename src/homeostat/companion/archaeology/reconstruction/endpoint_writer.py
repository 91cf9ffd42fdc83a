"""The endpoint's writer: a model behind the API that OpenAI's clients speak, asked for one turn at a time."""

from collections.abc import Sequence

import msgspec

from homeostat.core.endpoint import Endpoint
from homeostat.core.errors import NotAvailable
from homeostat.runtime.endpoint.poster import Poster
from homeostat.runtime.host import Host

ANSWER_TIMEOUT_S = 30.0


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class EndpointWriter:
    """Asks once, without retries: who asks can ask again. Each request is recorded as a call to a model.

    Any thread may write; close it at the end.
    """

    def __init__(self, host: Host, endpoint: Endpoint) -> None:
        self.model = endpoint.model
        self._endpoint = endpoint
        self._llm = host.tracer.llm
        self._poster = Poster(endpoint, host.clock.monotonic_ns, ANSWER_TIMEOUT_S)

    def write(self, messages: Sequence[dict[str, str]], tokens_max: int) -> str:
        """Return what the model answers. Raises NotAvailable where it does not, without a word of either."""
        asked = {"model": self.model, "messages": list(messages), "max_completion_tokens": tokens_max}
        with self._llm(self.model, operation="chat") as call:
            answer = self._decoded(self._poster.post("chat/completions", msgspec.json.encode(asked)))
            if answer.usage is not None:
                used = answer.usage
                call.usage(input_tokens=used.prompt_tokens, output_tokens=used.completion_tokens)
        content = answer.choices[0].message.content if answer.choices else None
        if not content:
            raise NotAvailable(
                f"{self._endpoint.host} answers no turn; try another model than {self.model!r}"
            )
        return content

    def close(self) -> None:
        """Close its connections."""
        self._poster.close()

    def _decoded(self, body: bytes) -> _Completion:
        try:
            return msgspec.json.decode(body, type=_Completion)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise NotAvailable(f"{self._endpoint.host} answers no chat completion") from None
