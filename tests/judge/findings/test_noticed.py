"""Claims about what was noticed: it reads well, and no change is told twice."""

from dataclasses import replace

import pytest

from homeostat.core.clock import MINUTE_NS, SECOND_NS
from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.core.interval import Interval
from homeostat.core.metric import Kind
from homeostat.core.series import SeriesKey
from homeostat.judge.findings.change_watch import NoticedChange
from homeostat.judge.findings.noticed import Noticed, noticed, together
from homeostat.stats.change_monitor import Change
from homeostat.stats.shift import Shift

T0 = 1_750_000_000 * SECOND_NS
KEY = SeriesKey("operation.duration", Kind.HISTOGRAM, "ms", (("operation", "answer"), ("service", "web")))


def change(
    key: SeriesKey = KEY, before: float = 100.0, after: float = 160.0, at_ns: int = T0
) -> NoticedChange:
    ratio = after / before if before > 0 and after > 0 else None
    size = Shift(
        before,
        after,
        after - before,
        Interval(after - before - 1, after - before + 1, 0.95),
        ratio,
        Interval(ratio * 0.9, ratio * 1.1, 0.95) if ratio else None,
    )
    begun = Change(300, 299, 301, 304, size)
    return NoticedChange(key, begun, at_ns, at_ns - 10 * SECOND_NS, at_ns + 10 * SECOND_NS, at_ns + MINUTE_NS)


def one(found: NoticedChange) -> Noticed:
    made = noticed(found, {})
    assert made is not None
    return made


def looking_back(at_ns: int, size: float = 0.6) -> Finding:
    return Finding(
        FindingKind.CHANGE,
        "operation.duration (answer)",
        at_ns,
        "then",
        Course.WORSE,
        size,
        "+60%",
        "operation.duration (answer): the p95 rose from 150 ms to 240 ms, +60%; then.",
    )


def test_it_says_what_rose_by_how_much_when_and_that_it_was_noticed_as_it_came() -> None:
    finding = one(change()).finding
    assert finding.words == (
        "operation.duration (answer): the mean rose from 100 ms to 160 ms, +60% [+44%, +76%];"
        " 2025-06-15 15:06:40 (95%: 2025-06-15 15:06:30 to 2025-06-15 15:06:50);"
        " noticed 60 s after it began (average run length 100,000 values)."
    )
    assert (finding.course, finding.noticed_ns) == (Course.WORSE, T0 + MINUTE_NS)


@pytest.mark.parametrize(
    ("key", "before", "after", "told"),
    [
        (
            SeriesKey("llm.tokens", Kind.COUNTER, "tokens"),
            10.0,
            0.0,
            "the rate fell from 10 tokens/s to 0 tokens/s, -10 tokens/s",
        ),
        (SeriesKey("operation.errors", Kind.COUNTER, "1"), 0.0, 2.0, "the rate rose from 0/s to 2/s, +2/s"),
        (SeriesKey("pool.size", Kind.GAUGE, "1"), 4.0, 2.0, "the level fell from 4 to 2, -50%"),
    ],
)
def test_counters_are_told_as_rates_and_gauges_as_levels(
    key: SeriesKey, before: float, after: float, told: str
) -> None:
    assert told in one(change(key, before, after)).finding.words


def test_a_change_of_too_few_values_to_be_measured_is_not_told() -> None:
    found = change()
    assert noticed(replace(found, change=replace(found.change, shift=None)), {}) is None


def test_a_change_found_both_ways_is_told_once_in_the_words_of_looking_back() -> None:
    (told,) = together([one(change())], [looking_back(T0 + 30 * SECOND_NS)], SECOND_NS, {})
    assert told.words.startswith(
        "operation.duration (answer): the p95 rose from 150 ms to 240 ms, +60%; then;"
    )
    assert "noticed 30 s after it began" in told.words
    assert told.noticed_ns == T0 + MINUTE_NS


@pytest.mark.parametrize(
    "other",
    [
        looking_back(T0 + 10 * MINUTE_NS),
        looking_back(T0, size=-0.3),
        replace(looking_back(T0), title="operation.duration (other)"),
        replace(looking_back(T0), kind=FindingKind.ANOMALY),
    ],
)
def test_another_time_direction_series_or_kind_is_another_finding(other: Finding) -> None:
    assert len(together([one(change())], [other], SECOND_NS, {})) == 2


def test_wide_steps_of_looking_back_place_a_change_less_well_and_it_is_still_one() -> None:
    far = looking_back(T0 + 10 * MINUTE_NS)
    assert len(together([one(change())], [far], 4 * MINUTE_NS, {})) == 1


def test_two_changes_found_looking_back_go_with_two_that_were_noticed() -> None:
    online = [one(change()), one(change(at_ns=T0 + 20 * SECOND_NS))]
    told = together(online, [looking_back(T0), looking_back(T0 + 20 * SECOND_NS)], SECOND_NS, {})
    assert sorted(f.at_ns or 0 for f in told) == [T0, T0 + 20 * SECOND_NS]
    assert all(f.noticed_ns is not None for f in told)
