"""Prices: as the library calculates them, each token once, and never a made-up zero."""

import warnings
from datetime import UTC, datetime
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot

from homeostat.core.span import LlmCall
from homeostat.observe.pricing import PRICE_PERIOD_NS, cost_usd

AT_NS = 1_790_000_000 * 10**9


def call(model: str = "gpt-4o-mini", provider: str = "openai", **more: Any) -> LlmCall:
    return LlmCall(
        **{"operation": "chat", "input_tokens": 1_000, "output_tokens": 100, **more},
        model=model,
        provider=provider,
    )


def listed(provider: str, model: str, usage: Usage) -> float | None:
    at = datetime.fromtimestamp(AT_NS // PRICE_PERIOD_NS * PRICE_PERIOD_NS / 1e9, tz=UTC)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return float(
                calc_price(usage, model, provider_id=provider, genai_request_timestamp=at).total_price
            )
    except LookupError:
        return None


@pytest.mark.parametrize(
    ("input_tokens", "cached", "written"), [(900, 0, 0), (90_000, 20_000, 3_000), (600_000, 1_000, 0)]
)
def test_every_listed_model_costs_what_the_library_says(input_tokens: int, cached: int, written: int) -> None:
    usage = Usage(
        input_tokens=input_tokens, cache_read_tokens=cached, cache_write_tokens=written, output_tokens=700
    )
    priced = 0
    for provider in get_snapshot().providers:
        for model in provider.models:
            if ":" in provider.id:
                continue
            found = cost_usd(
                call(
                    model.id,
                    provider.id,
                    input_tokens=input_tokens,
                    cached_tokens=cached,
                    cache_write_tokens=written,
                    output_tokens=700,
                ),
                AT_NS,
            )
            expected = listed(provider.id, model.id, usage)
            if found is not None:
                priced += 1
                assert found == pytest.approx(expected, rel=1e-9), (provider.id, model.id)
            else:
                assert not expected, (provider.id, model.id)
    assert priced > 1_500


def test_an_unknown_model_is_unpriced_and_not_free() -> None:
    assert cost_usd(call("no-such-model"), AT_NS) is None
    assert cost_usd(call("gpt-4o", provider="no-such-provider"), AT_NS) is None
    assert cost_usd(call(""), AT_NS) is None


def test_a_call_whose_tokens_are_unknown_is_unpriced() -> None:
    assert cost_usd(call(input_tokens=None), AT_NS) is None
    assert cost_usd(call(output_tokens=None), AT_NS) is None


def test_an_embedding_has_no_output_to_pay_for() -> None:
    embedding = call("text-embedding-3-small", operation="embeddings", output_tokens=None)
    assert cost_usd(embedding, AT_NS) == pytest.approx(1_000 * 0.02 / 1e6)


def test_each_token_is_paid_for_once() -> None:
    plain = cost_usd(call(), AT_NS)
    assert plain == pytest.approx((1_000 * 0.15 + 100 * 0.60) / 1e6)
    cached = cost_usd(call(cached_tokens=400, reasoning_tokens=60), AT_NS)
    assert cached == pytest.approx((600 * 0.15 + 400 * 0.075 + 100 * 0.60) / 1e6)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o-mini-2024-07-18"),
        ("azure.ai.openai", "gpt-4o-mini"),
        ("aws.bedrock", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ("gcp.vertex_ai", "gemini-2.0-flash"),
        ("gcp.gemini", "gemini-2.0-flash-001"),
        ("mistral_ai", "mistral-large-latest"),
        ("x_ai", "grok-3"),
        ("anthropic", "claude-3-5-sonnet-latest"),
        ("", "gpt-4o"),
    ],
)
def test_providers_of_the_conventions_and_names_with_suffixes_are_found(provider: str, model: str) -> None:
    assert (cost_usd(call(model, provider), AT_NS) or 0.0) > 0.0


def test_a_model_that_is_not_listed_is_priced_as_the_one_that_was_asked_for() -> None:
    assert cost_usd(call("gpt-4o-mini-2099", request_model="gpt-4o-mini"), AT_NS) == cost_usd(call(), AT_NS)
