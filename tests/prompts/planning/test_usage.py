"""Spans of loads tell what the runs of an entry point read."""

import pytest

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, SECOND_NS
from homeostat.core.span import Span
from homeostat.prompts.planning.usage import read_usage, usage_of
from homeostat.store.open import open_store

ENTRIES = ("go.md", "stop.md")
START_NS = 1_763_600_000 * SECOND_NS


def load(trace: int, at: int, module: str, entry: str = "", operation: str = "prompts.load") -> Span:
    attributes: dict[str, str | int | float | bool] = {"module": module}
    if entry:
        attributes["entry"] = entry
    return Span(
        trace.to_bytes(16, "big"),
        (trace * 1_000 + at).to_bytes(8, "big"),
        b"",
        operation,
        operation,
        "app",
        "internal",
        START_NS + at * SECOND_NS,
        1_000,
        attributes=attributes,
    )


def test_a_module_belongs_to_the_entry_point_before_it_in_the_trace() -> None:
    spans = [
        load(1, 2, "a.md"),
        load(1, 1, "go.md"),
        load(1, 3, "a.md"),
        load(1, 4, "stop.md"),
        load(1, 5, "b.md"),
        load(2, 1, "go.md"),
        load(2, 2, "b.md", operation="other"),
        load(3, 1, "a.md"),
    ]
    usage = usage_of(spans, ENTRIES)
    assert usage.runs == {"go.md": 2, "stop.md": 1}
    assert usage.reads == {"go.md": {"a.md": 1}, "stop.md": {"b.md": 1}}
    assert usage.share("go.md", "a.md") == 0.5
    assert usage.share("gone.md", "a.md") is None


def test_a_load_that_names_its_entry_point_belongs_to_it_wherever_it_is() -> None:
    spans = [load(1, 1, "go.md"), load(2, 1, "a.md", "go.md"), load(3, 1, "a.md", "go.md")]
    usage = usage_of(spans, ENTRIES)
    assert usage.runs == {"go.md": 2}  # two reads in two traces are two runs at least
    assert usage.share("go.md", "a.md") == 1


def test_each_run_in_one_trace_counts_its_own_reads() -> None:
    spans = [load(1, t, m) for t, m in enumerate(("go.md", "a.md", "go.md", "a.md", "go.md"))]
    usage = usage_of(spans, ENTRIES)
    assert (usage.runs["go.md"], usage.reads["go.md"]["a.md"]) == (3, 2)


def test_few_runs_leave_the_share_open() -> None:
    few = usage_of([load(1, 1, "go.md"), load(1, 2, "a.md")], ENTRIES)
    many = usage_of([load(t, i, m) for t in range(100) for i, m in enumerate(("go.md", "a.md"))], ENTRIES)
    assert few.share_at_least("go.md", "a.md") < 0.3
    assert many.share_at_least("go.md", "a.md") > 0.95
    assert few.share_at_least("gone.md", "a.md") == 0


def test_runs_are_told_by_the_month_and_by_a_day_at_least() -> None:
    assert usage_of([load(1, 1, "go.md")], ENTRIES).runs_a_month("go.md") == 30
    ten_days = [load(1, 0, "go.md"), load(2, 10 * DAY_NS // SECOND_NS, "go.md")]
    assert usage_of(ten_days, ENTRIES).runs_a_month("go.md") == pytest.approx(6)
    assert usage_of([], ENTRIES).runs_a_month("go.md") == 0


def test_a_store_tells_what_was_loaded() -> None:
    with open_store(":memory:") as store:
        store.write(Batch(spans=(load(1, 1, "go.md"), load(1, 2, "a.md"), load(2, 1, "x.md"))))
        found = read_usage(store, ENTRIES, START_NS, START_NS + DAY_NS)
        assert (found.runs, found.reads, found.complete) == ({"go.md": 1}, {"go.md": {"a.md": 1}}, True)
        assert read_usage(store, ENTRIES, START_NS + DAY_NS, START_NS + 2 * DAY_NS).runs == {}
