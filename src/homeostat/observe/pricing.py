"""Prices: what a call to a model costs, by genai-prices' bundled tables. No network.

The library resolves names of models (dates and suffixes included) and prices that change with time or
with the length of the input. It takes 70 to 270 us a call, so per provider, model and half-hour its
answer is kept as rates a token, for each range of input lengths that has prices of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
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
    """USD for one token of each kind and for the request, where the input has more than `above` tokens.

    `input` and `output` are the rates of what is neither cached, written to the cache, nor reasoning.
    """

    above: int
    input: float
    cached: float
    cache_write: float
    output: float
    reasoning: float
    request: float


def cost_usd(call: LlmCall, at_ns: int) -> float | None:
    """Return what a call cost that began at a time (ns since the epoch).

    None where it cannot be known: no price for the model, or no number of tokens. Cached and written
    tokens are parts of the input, reasoning of the output: each token is paid for once. A provider's
    discounts, service tiers and cache writes that live longer than five minutes are not known here.
    """
    input_tokens, output_tokens = call.input_tokens, call.output_tokens
    if output_tokens is None and call.operation in WITHOUT_OUTPUT:
        output_tokens = 0
    if input_tokens is None or output_tokens is None:
        return None
    tiers = _tiers(call.provider, call.model, call.request_model, at_ns // PRICE_PERIOD_NS)
    if not tiers:
        return None
    rates = tiers[0]
    if len(tiers) > 1:
        rates = next((t for t in tiers if input_tokens > t.above), tiers[-1])
    cached, cache_write = call.cached_tokens or 0, call.cache_write_tokens or 0
    reasoning = call.reasoning_tokens or 0
    return (
        max(input_tokens - cached - cache_write, 0) * rates.input
        + cached * rates.cached
        + cache_write * rates.cache_write
        + max(output_tokens - reasoning, 0) * rates.output
        + reasoning * rates.reasoning
        + rates.request
    )


def context_window(model: str, provider: str = "") -> int | None:
    """Return how many tokens a model takes in one request; None where that is not known."""
    window = getattr(_model(provider, (model,)), "context_window", None)
    return None if window is None else int(window)


@cache
def _library() -> Any:
    """Import the library and its price list: 150 ms, so only where a call is priced."""
    import genai_prices.data_snapshot

    return genai_prices.data_snapshot


def _snapshot() -> Any:
    return _library().get_snapshot()


def _model(provider: str, names: Iterable[str]) -> Any:
    """Return the library's entry of a model by the first of its names that it knows, else None."""
    for name in filter(None, names):
        for provider_id in PROVIDER_IDS.get(provider, (provider,)):
            entry = _entry(provider_id, name.lower())
            if entry is not None:
                return entry
    return None


def _entry(provider_id: str | None, name: str) -> Any:
    """Look a model up by the library's rules, past its caches: those have no bound."""
    providers = _snapshot().providers
    if provider_id == "litellm" and "/" in name:
        provider_id, name = name.split("/", 1)
    if provider_id is None:
        matching = (p for p in providers if p.model_match is not None and p.model_match.is_match(name))
        provider = next(matching, None)
    else:
        provider = _library().find_provider_by_id(providers, provider_id)
    return None if provider is None else provider.find_model(name, all_providers=providers)


@lru_cache(maxsize=4_096)
def _tiers(provider: str, model: str, request_model: str, period: int) -> tuple[Rates, ...]:
    """Return a model's rates at a time, those of the longest inputs first; none where there is no price."""
    entry = _model(provider, (model, request_model))
    if entry is None:
        return ()
    at = datetime.fromtimestamp(period * PRICE_PERIOD_NS / 1e9, tz=UTC)
    prices = {k: v for k, v in vars(entry.get_prices(at)).items() if v is not None}
    if "input_mtok" not in prices and "output_mtok" not in prices:
        return ()  # priced by something else than tokens, or not at all
    starts = {t.start for price in prices.values() for t in getattr(price, "tiers", ())}
    return tuple(_rates(prices, above) for above in sorted({0, *starts}, reverse=True))


def _rates(prices: dict[str, Any], above: int) -> Rates:
    """Return the rates for inputs of more than so many tokens; what has no price of its own is plain."""

    def rate(kind: str, otherwise: float) -> float:
        price = prices.get(f"{kind}_mtok")
        if price is None:
            return otherwise
        tiers = [t.price for t in getattr(price, "tiers", ()) if t.start <= above]
        return float(tiers[-1] if tiers and above else getattr(price, "base", price)) / 1e6

    input_rate, output_rate = rate("input", 0.0), rate("output", 0.0)
    return Rates(
        above=above,
        input=input_rate,
        cached=rate("cache_read", input_rate),
        cache_write=rate("cache_write", input_rate),
        output=output_rate,
        reasoning=rate("output_reasoning", output_rate),
        request=float(prices.get("requests_kcount", 0)) / 1e3,
    )
