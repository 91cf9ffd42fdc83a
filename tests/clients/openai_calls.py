"""The seven calls of a program that is not instrumented; writes what the client itself learned of each."""

import json
import sys
from typing import Any

import openai

QUESTION: list[Any] = [
    {"role": "system", "content": " ".join(f"Rule {n}: be brief and be kind." for n in range(60))},
    {"role": "user", "content": "where do swallows go"},
]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CALL: dict[str, Any] = {"model": "gpt-4o-mini", "messages": QUESTION, "max_tokens": 12}


def told(name: str, usage: Any = None, error: str = "") -> None:
    """Write one call."""
    found = {}
    if usage is not None:
        found["input"] = getattr(usage, "prompt_tokens", None) or getattr(usage, "input_tokens", None)
        found["output"] = getattr(usage, "completion_tokens", None) or getattr(usage, "output_tokens", None)
        found["cached"] = getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", None)
    sys.stdout.write(json.dumps({"name": name, "error": error, **found}) + "\n")


def streamed(client: openai.OpenAI, **more: Any) -> Any:
    """Read a stream to its end and return the usage that it told."""
    usage = None
    for chunk in client.chat.completions.create(**CALL, stream=True, **more):
        usage = chunk.usage or usage
    return usage


def main(model_url: str, limited_url: str) -> None:
    """Make the calls."""
    client = openai.OpenAI(api_key="none", base_url=model_url, max_retries=0)
    limited = openai.OpenAI(api_key="none", base_url=limited_url, max_retries=0)
    told("chat", client.chat.completions.create(**CALL).usage)
    told("tool", client.chat.completions.create(**CALL, tools=[WEATHER]).usage)
    told("stream", streamed(client, stream_options={"include_usage": True}))
    told("stream without usage", streamed(client))
    try:
        limited.chat.completions.create(**CALL)
    except openai.RateLimitError as error:
        told("error", error=type(error).__name__)
    told("embeddings", client.embeddings.create(model="text-embedding-3-small", input="swallows").usage)
    told("responses", client.responses.create(model="gpt-4o-mini", input="where do swallows go").usage)


if __name__ == "__main__":
    main(*sys.argv[1:3])
