"""Cron expressions mean what crontab(5) says, in the zone that they name."""

from datetime import UTC, datetime, timedelta

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError
from homeostat.runtime.jobs.cron import Cron


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    # The reference takes a range of one for the whole field.
    span = st.tuples(number, number).filter(lambda ab: ab[0] != ab[1]).map(lambda ab: f"{min(ab)}-{max(ab)}")
    stepped = st.tuples(span, st.integers(1, 7)).map(lambda ab: f"{ab[0]}/{ab[1]}")
    one = number.map(str) | span | stepped
    return st.just("*") | st.lists(one, min_size=1, max_size=3).map(",".join)


EXPRESSIONS = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)).map(" ".join)
MOMENTS = st.integers(0, 10**6).map(lambda n: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=n * 97))


@settings(max_examples=60)
@given(EXPRESSIONS, MOMENTS)
def test_every_expression_comes_when_the_reference_says(text: str, moment: datetime) -> None:
    expected = croniter(text, moment).get_next(datetime)
    assert Cron.parse(text).after(moment) == expected


@settings(max_examples=60)
@given(EXPRESSIONS, MOMENTS, st.sampled_from(["Europe/Zurich", "America/New_York", "Asia/Kathmandu"]))
def test_in_every_zone_times_go_forward_and_are_whole_minutes(text: str, moment: datetime, zone: str) -> None:
    cron = Cron.parse(text, zone)
    first = cron.after(moment)
    second = cron.after(first)
    assert moment < first < second
    assert first.second == second.second == 0


def times(text: str, zone: str, start: str, count: int) -> list[str]:
    cron, at, found = Cron.parse(text, zone), datetime.fromisoformat(start), []
    for _ in range(count):
        at = cron.after(at)
        found.append(at.strftime("%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("@daily", "2026-11-20T12:00Z", ["21 00:00", "22 00:00"]),
        ("*/20 9-10 * * *", "2026-11-20T09:50Z", ["20 10:00", "20 10:20", "20 10:40", "21 09:00"]),
        ("0 12 13 * fri", "2026-11-10T00:00Z", ["13 12:00", "20 12:00", "27 12:00"]),
        ("0 0 29 feb *", "2026-11-20T00:00Z", ["29 00:00"]),
        ("0 0 * * 7", "2026-11-20T00:00Z", ["22 00:00", "29 00:00"]),
    ],
)
def test_known_expressions(text: str, start: str, expected: list[str]) -> None:
    assert times(text, "UTC", start, len(expected)) == expected


def test_a_time_that_is_skipped_comes_when_the_clocks_change() -> None:
    assert times("30 2 * * *", "Europe/Zurich", "2026-03-28T12:00Z", 2) == ["29 01:00", "30 00:30"]


def test_a_time_that_comes_twice_is_the_first_of_both() -> None:
    assert times("30 2 * * *", "Europe/Zurich", "2026-10-24T12:00Z", 2) == ["25 00:30", "26 01:30"]


def test_every_hour_runs_through_the_hour_that_comes_twice() -> None:
    assert times("0 * * * *", "Europe/Zurich", "2026-10-24T23:30Z", 4) == [
        "25 00:00",
        "25 01:00",
        "25 02:00",
        "25 03:00",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("* * * *", "five fields"),
        ("60 * * * *", "minute '60' of a cron expression does not lie from 0 to 59"),
        ("* * * foo *", "month 'foo' of a cron expression cannot be read at 'foo'"),
        ("*/0 * * * *", "does not lie"),
        ("5-1 * * * *", "does not lie"),
        ("0 0 30 2 *", "never comes"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_field(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Cron.parse(text)


def test_a_zone_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="'Mars/Olympus'"):
        Cron.parse("@daily", "Mars/Olympus")
