"""Measure calls to a model: tokens, cost, time to first token, of whole answers and of streams."""

from collections.abc import Iterator

from homeostat import Homeostat

ANSWER = {
    "model": "gpt-4o-mini",
    "usage": {
        "prompt_tokens": 1200,
        "completion_tokens": 80,
        "prompt_tokens_details": {"cached_tokens": 1024},
    },
}
"""What an OpenAI-compatible endpoint answers, as a dict; objects of the openai package do as well."""


def streamed() -> Iterator[dict[str, object]]:
    """Stand in for a stream of chunks, of which the last one carries the usage."""
    for word in ("Use ", "json.", "loads."):
        yield {"choices": [{"delta": {"content": word}}]}
    yield {"choices": [], "usage": {"prompt_tokens": 40, "completion_tokens": 6}}


def main() -> None:
    """Make a whole call, a streamed one, and one to a model without a known price."""
    with Homeostat("example", keep=False) as hs:
        with hs.llm("gpt-4o-mini", provider="openai") as call:
            call.response(ANSWER)

        with hs.llm("gpt-4o-mini", provider="openai") as call:
            chunks = list(call.stream(streamed()))

        with hs.llm("house-model-7b") as call:
            call.usage(input_tokens=10, output_tokens=5)

        tokens = {t: hs.snapshot("llm.tokens", type=t).total for t in ("input", "cached", "output")}
        print(f"{len(chunks)} chunks; tokens: {tokens}")
        print(f"cost {hs.snapshot('llm.cost').total * 100:.4f} cents")
        print(f"{hs.snapshot('llm.calls_unpriced').total:.0f} call of a model without a known price")


if __name__ == "__main__":
    main()
