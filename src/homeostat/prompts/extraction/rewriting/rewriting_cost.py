"""What a rewrite costs: told before it runs, as the most it can be, and afterwards, as billed."""

from collections.abc import Iterable

import msgspec

from homeostat.core.span import LlmCall
from homeostat.observe.pricing import cost_usd
from homeostat.prompts.extraction.rewriting.answer import Answer


class RewritingCost(msgspec.Struct, frozen=True):
    """Requests with their tokens, and USD; None where no price is known for the model."""

    requests: int
    input_tokens: int
    output_tokens: int
    usd: float | None

    def __str__(self) -> str:
        price = "a price that is not known" if self.usd is None else f"{self.usd:.4f} USD"
        return (
            f"{self.requests:,} requests, {self.input_tokens:,} tokens in and {self.output_tokens:,} out, "
            f"for {price}"
        )


def most_cost(model: str, questions: Iterable[tuple[int, int]], at_ns: int) -> RewritingCost:
    """Return what questions cost at most, given as their tokens and those that may be answered.

    Without retries: an answer that never came may be billed too. `at_ns` (since the epoch) is when.
    """
    return _cost(model, [Answer("", asked, allowed) for asked, allowed in questions], at_ns)


def billed_cost(model: str, answers: Iterable[Answer], at_ns: int) -> RewritingCost:
    """Return what answers cost, by the tokens that the provider counted."""
    return _cost(model, list(answers), at_ns)


def embedding_cost(model: str, texts: Iterable[int], at_ns: int) -> RewritingCost:
    """Return what the embeddings of texts cost, given as their tokens."""
    asked = list(texts)
    usd = cost_usd(LlmCall("embeddings", model=model, input_tokens=sum(asked)), at_ns)
    return RewritingCost(len(asked), sum(asked), 0, usd)


def _cost(model: str, answers: list[Answer], at_ns: int) -> RewritingCost:
    usd: float | None = 0.0
    for answer in answers:
        call = LlmCall(
            "chat",
            model=model,
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            cached_tokens=answer.cached_tokens,
        )
        one = cost_usd(call, at_ns)
        usd = None if usd is None or one is None else usd + one
    return RewritingCost(
        len(answers), sum(a.input_tokens for a in answers), sum(a.output_tokens for a in answers), usd
    )
