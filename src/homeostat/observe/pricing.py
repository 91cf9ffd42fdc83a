"""Prices: what a call to a model costs, by genai-prices' bundled tables. No network.

The library resolves names of models (dates and suffixes included) and prices that change with time or
with the length of the input. It takes 70 to 270 us a call, so per provider, model and half-hour its
answer is kept as rates a token where it is linear in the tokens, as it is for nine models in ten.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from homeostat.core.clock import MINUTE_NS
from homeostat.core.span import LlmCall

PROVIDER_IDS: dict[str, tuple[str | None, ...]] = {
    "": (None,),
    "aws.bedrock": ("aws",),
    "azure.ai.inference": ("azure",),
    "azure.ai.openai": ("azure", "openai"),
    "gcp.gemini": ("google",),
    "gcp.gen_ai": ("google",),
    "gcp.vertex_ai": ("google",),
    "mistral_ai": ("mistral",),
    "moonshot_ai": ("moonshotai",),
    "x_ai": ("x-ai",),
}
"""The library's ids of the providers, in the order in which they are tried; others have the same name."""

WITHOUT_OUTPUT = frozenset({"embeddings", "rerank"})
"""Operations whose answers are no tokens."""

PRICE_PERIOD_NS = 30 * MINUTE_NS
"""Prices that depend on the time of day change at half-hours."""


@dataclass(frozen=True, slots=True)
class Rates:
    """USD for one token of each kind; those of the input and of the output are the uncached, plain ones."""

    input: float
    cached: float
    cache_write: float
    output: float
    reasoning: float


def cost_usd(call: LlmCall, at_ns: int) -> float | None:
    """Return what a call cost that began at a time (ns since the epoch).

    None where it cannot be known: no price for the model, or no number of tokens. Cached and written
    tokens are parts of the input, reasoning of the output: each token is paid for once.
    """
    input_tokens, output_tokens = call.input_tokens, call.output_tokens
    if output_tokens is None and call.operation in WITHOUT_OUTPUT:
        output_tokens = 0
    if input_tokens is None or output_tokens is None:
        return None
    cached, cache_write = call.cached_tokens or 0, call.cache_write_tokens or 0
    reasoning = call.reasoning_tokens or 0
    period = at_ns // PRICE_PERIOD_NS
    rates = _rates(call.provider, call.model, call.request_model, period)
    if rates is None:
        return None
    if isinstance(rates, Rates):
        return (
            (input_tokens - cached - cache_write) * rates.input
            + cached * rates.cached
            + cache_write * rates.cache_write
            + (output_tokens - reasoning) * rates.output
            + reasoning * rates.reasoning
        )
    return _listed_cost(rates, period, input_tokens, cached, cache_write, output_tokens, reasoning)


@cache
def _library() -> Any:
    """Import the library: 150 ms, so only where a call is priced."""
    import genai_prices.data_snapshot
    import genai_prices.types

    return genai_prices


class _Listed:
    """A model of the price list whose price is not linear in its tokens."""

    __slots__ = ("model", "provider")

    def __init__(self, provider: Any, model: Any) -> None:
        self.provider = provider
        self.model = model


def _found(provider: str, names: Iterable[str]) -> _Listed | None:
    snapshot = _library().data_snapshot.get_snapshot()
    for name in filter(None, names):
        for provider_id in PROVIDER_IDS.get(provider, (provider,)):
            try:
                return _Listed(*snapshot.find_provider_model(name, None, provider_id, None))
            except LookupError:
                continue
    return None


def _at(period: int) -> datetime:
    return datetime.fromtimestamp(period * PRICE_PERIOD_NS / 1e9, tz=UTC)


@lru_cache(maxsize=4_096)
def _rates(provider: str, model: str, request_model: str, period: int) -> Rates | _Listed | None:
    listed = _found(provider, (model, request_model))
    if listed is None:
        return None
    held = {k: v for k, v in vars(listed.model.get_prices(_at(period))).items() if v is not None}
    token_prices = {k: v for k, v in held.items() if k in _LINEAR}
    if "input_mtok" not in held and "output_mtok" not in held:
        return None  # priced by something else than tokens, or not at all
    if any(not isinstance(v, Decimal) for v in token_prices.values()) or "requests_kcount" in held:
        return listed
    input_rate = float(held.get("input_mtok", 0)) / 1e6
    output_rate = float(held.get("output_mtok", 0)) / 1e6
    return Rates(
        input=input_rate,
        cached=float(held["cache_read_mtok"]) / 1e6 if "cache_read_mtok" in held else input_rate,
        cache_write=float(held["cache_write_mtok"]) / 1e6 if "cache_write_mtok" in held else input_rate,
        output=output_rate,
        reasoning=float(held["output_reasoning_mtok"]) / 1e6
        if "output_reasoning_mtok" in held
        else output_rate,
    )


_LINEAR = frozenset(
    {"input_mtok", "cache_read_mtok", "cache_write_mtok", "output_mtok", "output_reasoning_mtok"}
)


@lru_cache(maxsize=16_384)
def _listed_cost(
    listed: _Listed,
    period: int,
    input_tokens: int,
    cached: int,
    cache_write: int,
    output_tokens: int,
    reasoning: int,
) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        usage = _library().Usage(
            input_tokens=input_tokens,
            cache_read_tokens=cached,
            cache_write_tokens=cache_write,
            output_tokens=output_tokens,
            output_reasoning_tokens=reasoning,
        )
        return float(
            listed.model.calc_price(usage, listed.provider, genai_request_timestamp=_at(period)).total_price
        )
