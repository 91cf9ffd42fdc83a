"""The endpoint's writer: a model behind the API that OpenAI's clients speak, asked for one turn at a time."""

from collections.abc import Sequence

import httpx2
import msgspec

from homeostat.core.endpoint import KEY_VARIABLE, Endpoint
from homeostat.core.errors import NotAvailable
from homeostat.runtime.host import Host

ANSWER_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 5.0
BYTES_MAX = 1024 * 1024


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
        self._http = httpx2.Client(
            headers={"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {},
            timeout=httpx2.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,
        )

    def write(self, messages: Sequence[dict[str, str]], tokens_max: int) -> str:
        """Return what the model answers. Raises NotAvailable where it does not, without a word of either."""
        asked = {"model": self.model, "messages": list(messages), "max_completion_tokens": tokens_max}
        with self._llm(self.model, operation="chat") as call:
            answer = self._decoded(self._posted(msgspec.json.encode(asked)))
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
        self._http.close()

    def _posted(self, body: bytes) -> bytes:
        host = self._endpoint.host
        received = bytearray()
        headers = {"content-type": "application/json"}
        try:
            address = f"{self._endpoint.url}/chat/completions"
            with self._http.stream("POST", address, content=body, headers=headers) as response:
                for piece in response.iter_bytes():
                    received += piece
                    if len(received) > BYTES_MAX:
                        raise NotAvailable(f"{host} answers more than {BYTES_MAX:,} bytes to one question")
        except httpx2.TransportError as error:
            raise NotAvailable(f"{host} cannot be asked for a wording: {type(error).__name__}") from None
        if response.status_code != httpx2.codes.OK:
            raise NotAvailable(
                f"{host} answers {response.status_code} to a question for a wording; check the address, the "
                f"model {self.model!r}, and the key in {KEY_VARIABLE}"
            )
        return bytes(received)

    def _decoded(self, body: bytes) -> _Completion:
        try:
            return msgspec.json.decode(body, type=_Completion)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise NotAvailable(f"{self._endpoint.host} answers no chat completion") from None
