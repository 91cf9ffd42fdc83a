"""Runs are priced with the provider's cache in them, and what is too short for it is said."""

import tomllib
from pathlib import Path

import pytest

from homeostat.core.errors import ConfigError
from homeostat.observe.pricing import context_window
from homeostat.prompts.tokens import run_cost as run_cost_module
from homeostat.prompts.tokens.run_cost import cached_min_tokens, run_cost

NOW_NS = 1_763_600_000_000_000_000


def test_a_long_prompt_costs_more_at_first_and_a_tenth_again() -> None:
    cost = run_cost("claude-sonnet-4-5", 10_000, NOW_NS)
    assert cost.plain_usd == pytest.approx(0.03)
    assert cost.first_usd == pytest.approx(1.25 * cost.plain_usd)
    assert cost.again_usd == pytest.approx(0.1 * cost.plain_usd)
    assert cost.cached


def test_a_prompt_below_the_least_length_is_not_cached() -> None:
    least = cached_min_tokens("claude-haiku-4-5")
    assert least == 4_096
    assert not run_cost("claude-haiku-4-5", least - 1, NOW_NS).cached
    assert run_cost("claude-haiku-4-5", least, NOW_NS).cached


@pytest.mark.parametrize(
    ("model", "least"),
    [
        ("claude-opus-4-1", 1_024),
        ("anthropic/claude-opus-4-5", 4_096),
        ("claude-sonnet-4-6", 2_048),
        ("eu.anthropic.claude-3-5-haiku-20241022-v1:0", 2_048),
        ("gpt-4.1", 1_024),
        ("gemini-2.5-flash", 2_048),
        ("gemini-3.1-pro-preview", 4_096),
        ("some-model-of-mine", 1_024),
    ],
)
def test_each_model_has_the_least_length_of_its_provider(model: str, least: int) -> None:
    assert cached_min_tokens(model) == least


def test_every_least_length_names_its_source() -> None:
    entries = tomllib.loads(Path(run_cost_module.__file__).with_name("provider_caches.toml").read_text())[
        "cache"
    ]
    for entry in entries:
        assert set(entry) == {"models", "tokens_min", "confirmed", "source"}
        assert len(entry["source"]) > 20


def test_compaction_below_the_least_length_costs_more_on_every_run_but_the_first() -> None:
    before, after = (run_cost("claude-sonnet-4-5", n, NOW_NS) for n in (2_000, 1_000))
    assert after.again_usd > before.again_usd


def test_a_model_without_a_price_is_an_error_with_its_name() -> None:
    with pytest.raises(ConfigError, match="'no-such-model'"):
        run_cost("no-such-model", 10, NOW_NS)


def test_windows_are_those_of_the_price_list() -> None:
    assert context_window("claude-sonnet-4-5") == 200_000
    assert context_window("no-such-model") is None
