"""A month is priced by what is billed, and what is assumed is said."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError, InputError
from homeostat.prompts.planning.loading_plan import EntryPlan, LoadingPlan, OnDemand
from homeostat.prompts.planning.plan_text import savings_text
from homeostat.prompts.planning.savings import Assumptions, break_even_share, hit_share, savings

NOW_NS = 1_763_600_000_000_000_000
MODEL = "claude-sonnet-4-5"
"""3 USD a million tokens, 0.3 from the cache and 3.75 into it."""


def plan(tokens: int, on_demand: tuple[OnDemand, ...] = ()) -> LoadingPlan:
    entry = EntryPlan("/go", "command", "go.md", ("go.md",), (), on_demand, tokens, 0, tokens, 0)
    return LoadingPlan(
        1, "words", ("CLAUDE.md",), 1_000, {"CLAUDE.md": 1_000, "go.md": tokens, "a.md": 500}, (entry,)
    )


def test_a_month_is_worked_out_from_runs_prices_and_the_cache() -> None:
    found = savings(plan(9_000), plan(4_000), {"/go": 100}, Assumptions(MODEL, hits=0.5), NOW_NS, 10.0)
    (row,) = found.entries
    assert (row.before.tokens, row.after.tokens) == (10_000, 5_000)
    assert row.before.uncached_usd == pytest.approx(100 * 0.03)
    assert row.before.cached_usd == pytest.approx(100 * (0.5 * 0.003 + 0.5 * 0.0375))
    assert found.uncached_usd == pytest.approx(1.5)
    assert found.cached_usd == pytest.approx(row.before.cached_usd / 2)
    assert found.months_to_pay == pytest.approx(10 / found.cached_usd)


def test_further_requests_of_a_run_read_from_the_cache() -> None:
    once, often = (
        savings(plan(9_000), plan(4_000), {"/go": 1}, Assumptions(MODEL, requests=n, hits=0), NOW_NS).entries[
            0
        ]
        for n in (1, 11)
    )
    assert often.before.cached_usd - once.before.cached_usd == pytest.approx(10 * 0.003)
    assert often.before.uncached_usd == pytest.approx(11 * once.before.uncached_usd)


def test_a_prompt_that_became_too_short_for_the_cache_costs_more_and_that_is_said() -> None:
    # 1,100 tokens are cached and 1,010 are not
    found = savings(plan(200), plan(10), {"/go": 1_000}, Assumptions(MODEL, hits=1), NOW_NS, 50.0)
    assert found.cached_usd < 0
    assert found.uncached_usd > 0
    assert found.months_to_pay is None
    assert "shorter than its provider caches" in found.notes[0]
    assert "do not come back" in savings_text(found)


def test_a_cache_that_is_hardly_hit_is_said_to_cost_more_than_it_saves() -> None:
    found = savings(plan(9_000), plan(4_000), {"/go": 2}, Assumptions(MODEL), NOW_NS)
    assert "do not mark it for the cache" in found.notes[0]


def test_what_is_on_demand_counts_by_how_much_of_it_is_used() -> None:
    items = (OnDemand("a.md", 500, (), (), 0.4), OnDemand("b.md", 10**6, (), (), None))
    loaded = plan(9_000, items)
    loaded.tokens["b.md"] = 10**6
    found = savings(loaded, plan(9_000), {"/go": 1}, Assumptions(MODEL), NOW_NS)
    assert (found.entries[0].before.tokens, found.entries[0].after.tokens) == (10_200, 10_000)


def test_what_is_always_loaded_and_needed_hard_counts_once() -> None:
    doubled = plan(9_000)
    entry = msgspec.structs.replace(
        doubled.entries[0], critical=("go.md", "CLAUDE.md"), critical_tokens=10_000
    )
    doubled = msgspec.structs.replace(doubled, entries=(entry,))
    found = savings(doubled, plan(9_000), {"/go": 1}, Assumptions(MODEL), NOW_NS)
    assert found.entries[0].before == found.entries[0].after


@given(st.floats(0, 1e6), st.floats(1, 744))
def test_the_share_of_hits_is_one_and_grows_with_runs(runs: float, hours: float) -> None:
    assert 0 <= hit_share(runs, hours) <= hit_share(runs + 1, hours) <= 1


def test_loading_ahead_pays_from_the_break_even_share_on() -> None:
    """Ahead and on demand cost the same there; a write costs 1.25, a read 0.1."""
    assert break_even_share(MODEL, 0.0, NOW_NS) == pytest.approx(1)
    assert break_even_share(MODEL, 1.0, NOW_NS) == pytest.approx(0.1 / 1.25)
    with pytest.raises(ConfigError, match="no-such-model"):
        break_even_share("no-such-model", 0.5, NOW_NS)


def test_mistakes_say_the_value() -> None:
    with pytest.raises(InputError, match="named '/gone'"):
        savings(plan(1), plan(1), {"/gone": 1}, Assumptions(MODEL), NOW_NS)
    with pytest.raises(InputError, match="cannot run -1 times"):
        savings(plan(1), plan(1), {"/go": -1}, Assumptions(MODEL), NOW_NS)
    with pytest.raises(InputError, match="a share of 2 of runs"):
        savings(plan(1), plan(1), {"/go": 1}, Assumptions(MODEL, hits=2), NOW_NS)
    with pytest.raises(InputError, match="words and letters"):
        savings(
            plan(1), msgspec.structs.replace(plan(1), tokenizer="letters"), {}, Assumptions(MODEL), NOW_NS
        )


def test_the_text_has_the_figures_and_all_assumptions() -> None:
    found = savings(plan(9_000), plan(4_000), {"/go": 2_000}, Assumptions(MODEL), NOW_NS, 100.0)
    text = savings_text(found)
    for part in (
        "USD are back after",
        "2,000",
        "10,000",
        "5,000",
        "168 hours",
        "5 minutes ago",
        MODEL,
        "words",
    ):
        assert part in text
    assert "within a year" in savings_text(msgspec.structs.replace(found, spent_usd=None, months_to_pay=None))
