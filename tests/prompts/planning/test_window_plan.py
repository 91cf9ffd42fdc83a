"""A window holds what is needed first, then what is mostly read, and says what waits and what stays."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import InputError
from homeostat.prompts.planning.loading_plan import EntryPlan, Frequent, LoadingPlan, OnDemand
from homeostat.prompts.planning.plan_text import plan_text, usage_text, window_text
from homeostat.prompts.planning.trigger import Trigger
from homeostat.prompts.planning.usage import Usage
from homeostat.prompts.planning.window_plan import window_plan

TRIGGER = Trigger("route", "fix", "go.md", 3)
TOKENS = {"CLAUDE.md": 100, "go.md": 10, "a.md": 20, "b.md": 30, "c.md": 40, "d.md": 5, "stop.md": 7}
PLAN = LoadingPlan(
    format=1,
    tokenizer="words",
    always=("CLAUDE.md",),
    always_tokens=100,
    tokens=TOKENS,
    entries=(
        EntryPlan(
            name="/go",
            kind="command",
            path="go.md",
            critical=("go.md", "a.md"),
            frequent=(Frequent("b.md", 30, 0.9),),
            on_demand=(OnDemand("c.md", 45, ("d.md",), (TRIGGER,), None),),
            critical_tokens=30,
            frequent_tokens=30,
            route_tokens=75,
            on_demand_tokens=45,
        ),
        EntryPlan("/stop", "command", "stop.md", ("stop.md", "a.md"), (), (), 27, 0, 27, 0),
    ),
)


def test_what_is_needed_is_loaded_and_each_module_counts_once() -> None:
    found = window_plan(PLAN, ["/go", "/stop"], 1_000)
    assert [(p.path, p.why, p.entry) for p in found.loaded] == [
        ("CLAUDE.md", "always", ""),
        ("go.md", "critical", "/go"),
        ("a.md", "critical", "/go"),
        ("stop.md", "critical", "/stop"),
        ("b.md", "frequent", "/go"),
    ]
    assert [(item.path, item.tokens, item.why) for item in found.left] == [("c.md", 45, "on demand")]
    assert (found.loaded_tokens, found.free_tokens, found.free_tokens_min) == (167, 833, 788)
    assert (found.free_share, found.fits) == (0.833, True)


def test_what_is_mostly_read_gives_way_to_the_budget() -> None:
    found = window_plan(PLAN, ["/go"], 1_000, 150)
    assert "b.md" not in {p.path for p in found.loaded}
    assert [(item.path, item.why) for item in found.left] == [("b.md", "no room"), ("c.md", "on demand")]
    assert (found.loaded_tokens, found.free_tokens_min) == (130, 1_000 - 130 - 30 - 45)
    assert found.fits


def test_what_is_needed_is_loaded_although_it_breaks_the_budget_and_that_is_said() -> None:
    found = window_plan(PLAN, ["/go"], 1_000, 50)
    assert not found.fits
    assert {"CLAUDE.md", "go.md", "a.md"} == {p.path for p in found.loaded}
    assert "80 more than the budget" in window_text(found)


def test_what_is_on_demand_and_not_listed_is_counted_as_what_may_come() -> None:
    go = msgspec.structs.replace(PLAN.entries[0], on_demand_tokens=245, unlisted=3)
    found = window_plan(msgspec.structs.replace(PLAN, entries=(go,)), ["/go"], 1_000)
    assert found.free_tokens - found.free_tokens_min == 245


@given(st.integers(1, 400), st.integers(1, 400))
def test_the_sums_add_up_and_only_needs_break_a_budget(window: int, budget: int) -> None:
    if budget > window:
        return
    found = window_plan(PLAN, ["/go", "/stop"], window, budget)
    assert found.loaded_tokens == sum(p.tokens for p in found.loaded)
    assert found.free_tokens == max(window - found.loaded_tokens, 0)
    assert 0 <= found.free_tokens_min <= found.free_tokens
    if not found.fits:
        assert {p.why for p in found.loaded} == {"always", "critical"}


@pytest.mark.parametrize(
    ("window", "budget", "said"),
    [(0, None, "a context window of 0 tokens"), (100, 101, "a budget of 101 tokens"), (100, 0, "of 0")],
)
def test_lengths_that_make_no_sense_are_errors(window: int, budget: int | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        window_plan(PLAN, ["/go"], window, budget)


def test_the_text_says_what_waits_for_what() -> None:
    text = window_text(window_plan(PLAN, ["/go"], 1_000, model="some-model"))
    for part in ("of some-model", "free for work: 840 tokens, 84.0%", "route: fix", "critical /go"):
        assert part in text
    text = plan_text(PLAN)
    for part in ("2 entry points", "100 tokens of CLAUDE.md", "1 of them leave something", "43%"):
        assert part in text


def test_what_is_known_of_usage_is_said() -> None:
    assert "no loads" in usage_text(Usage())
    assert "12 runs of 2 entry points in 3 days" in usage_text(Usage({"a": 10, "b": 2}, {}, 3.0))
    assert "only the newest 20,000" in usage_text(Usage({"a": 10}, {}, 3.0, complete=False))


def test_a_plan_that_a_program_reads_has_all_figures() -> None:
    assert {"fits", "free_share", "free_share_min"} <= set(
        msgspec.to_builtins(window_plan(PLAN, ["/go"], 10_000))
    )
