"""Runs are priced with the provider's cache in them, and what is too short for it is said."""

import pytest

from homeostat.core.errors import ConfigError
from homeostat.observe.pricing import context_window
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


def test_compaction_below_the_least_length_costs_more_on_every_run_but_the_first() -> None:
    before, after = (run_cost("claude-sonnet-4-5", n, NOW_NS) for n in (2_000, 1_000))
    assert after.again_usd > before.again_usd


def test_a_model_without_a_price_is_an_error_with_its_name() -> None:
    with pytest.raises(ConfigError, match="'no-such-model'"):
        run_cost("no-such-model", 10, NOW_NS)


def test_windows_are_those_of_the_price_list() -> None:
    assert context_window("claude-sonnet-4-5") == 200_000
    assert context_window("no-such-model") is None
