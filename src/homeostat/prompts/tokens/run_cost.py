"""What a run costs: its prompt's tokens by a model's prices, with the provider's prompt cache in it."""

import re
import tomllib
from functools import cache
from pathlib import Path

import msgspec

from homeostat.core.errors import ConfigError
from homeostat.core.span import LlmCall
from homeostat.observe.pricing import cost_usd

TOKENS_MIN = 1_024
"""The shortest prefix that is cached where the provider's is not known."""

VENDOR = re.compile(r"^(?:[a-z]+\.)+")
"""Regions and vendors in front of a model's name, as Bedrock writes them."""


class RunCost(msgspec.Struct, frozen=True):
    """What the prompt of one run costs in USD, without what a user adds and the model answers.

    `plain_usd` is without a cache, `first_usd` writes to it, `again_usd` reads from it. Where the prefix is
    shorter than `cached_min_tokens`, nothing is cached and all three are the same.
    """

    plain_usd: float
    first_usd: float
    again_usd: float
    cached_min_tokens: int

    @property
    def cached(self) -> bool:
        """Whether the provider caches a prompt of this length."""
        return self.again_usd < self.plain_usd


def run_cost(model: str, tokens: int, at_ns: int) -> RunCost:
    """Return what a prompt costs at a time (ns since the epoch) whose whole text is the same in each run.

    Raises ConfigError for a model without a known price. The tokens are those of the tokenizer that
    counted them, which is the model's own for few models only.
    """
    minimum = cached_min_tokens(model)
    plain = prompt_usd(model, tokens, at_ns)
    if tokens < minimum:
        return RunCost(plain, plain, plain, minimum)
    first, again = (prompt_usd(model, tokens, at_ns, *held) for held in ((0, tokens), (tokens, 0)))
    return RunCost(plain, first, again, minimum)


def cached_min_tokens(model: str) -> int:
    """Return the shortest prefix that a model's provider caches.

    >>> cached_min_tokens("claude-sonnet-4-5"), cached_min_tokens("anthropic.claude-haiku-4-5")
    (1024, 4096)
    """
    name = VENDOR.sub("", model.rpartition("/")[2].lower())
    return next((least for start, least in _minima() if name.startswith(start)), TOKENS_MIN)


def prompt_usd(model: str, tokens: int, at_ns: int, read: int = 0, written: int = 0) -> float:
    """Return what a prompt costs in USD, of whose tokens some are read from the cache and some written to it.

    Raises ConfigError for a model without a known price.
    """
    call = LlmCall(
        "chat",
        model=model,
        input_tokens=tokens,
        output_tokens=0,
        cached_tokens=read,
        cache_write_tokens=written,
    )
    cost = cost_usd(call, at_ns)
    if cost is None:
        raise ConfigError(f"no price is known for the model {model!r}; name another, such as gpt-4o")
    return cost


@cache
def _minima() -> tuple[tuple[str, int], ...]:
    found = tomllib.loads(Path(__file__).with_name("provider_caches.toml").read_text(encoding="utf-8"))
    return tuple((start, c["tokens_min"]) for c in found["cache"] for start in c["models"])
