"""The client of the model: the little of the OpenAI API that the assistant needs."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2

Json = dict[str, Any]
CONNECTIONS = 256


class ModelFailed(Exception):
    """The model's server answered with an error."""


class ModelBusy(ModelFailed):
    """The model's server takes no more requests for now (429)."""


class ModelClient:
    """Calls the model at `url`, which includes the version. Close it with `aclose`."""

    def __init__(self, url: str, timeout_s: float = 60.0) -> None:
        limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self._http = httpx2.AsyncClient(base_url=url, timeout=timeout_s, limits=limits, trust_env=False)
        self.aclose = self._http.aclose

    async def stream(self, model: str, messages: list[Json], tokens_max: int) -> AsyncIterator[Json]:
        """Yield the chunks of an answer; the last one tells the usage."""
        body = {
            "model": model,
            "messages": messages,
            "max_tokens": tokens_max,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        async with self._http.stream("POST", "/chat/completions", json=body) as response:
            check(response)
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line[6:])

    async def complete(self, model: str, messages: list[Json], tokens_max: int) -> Json:
        """Return a whole answer."""
        body = {"model": model, "messages": messages, "max_tokens": tokens_max}
        return await self._post("/chat/completions", body)

    async def embed(self, model: str, texts: list[str]) -> Json:
        """Return the vectors of some texts."""
        return await self._post("/embeddings", {"model": model, "input": texts})

    async def _post(self, path: str, body: Json) -> Json:
        response = await self._http.post(path, json=body)
        check(response)
        answer: Json = response.json()
        return answer


def check(response: httpx2.Response) -> None:
    """Raise what the status of an answer means."""
    if response.status_code == httpx2.codes.TOO_MANY_REQUESTS:
        raise ModelBusy("the model takes no more requests for now")
    if response.is_error:
        raise ModelFailed(f"the model's server answered {response.status_code}")
