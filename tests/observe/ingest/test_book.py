"""The book and the roster bound series, and let idle ones go where new ones need their places."""

from typing import Any

from homeostat.core.clock import HOUR_NS, MINUTE_NS
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.series import SeriesKey
from homeostat.core.span import Span
from homeostat.observe.ingest.book import METRICS_MAX, SeriesBook
from homeostat.observe.ingest.derive import Deriver
from homeostat.observe.ingest.roster import Roster

T0 = 1_750_000_000 * 10**9


def named(book: SeriesBook, metric: str, value: str, now_ns: int) -> SeriesKey | None:
    return book.key(metric, Kind.COUNTER, "1", (("release", value),), now_ns)


def test_a_full_roster_forgets_idle_members_only_and_looks_once_a_minute() -> None:
    roster: Roster[str, int] = Roster(2)
    assert roster.add("old", 1, T0)
    assert roster.add("used", 2, T0)
    assert not roster.add("new", 3, T0)
    later = T0 + HOUR_NS
    assert roster.find("used", later - MINUTE_NS) == 2
    assert roster.make_room(later) == 1
    assert roster.find("old", later) is None
    assert roster.add("new", 3, later)
    assert roster.make_room(later + 1) == 0
    assert len(roster) == 2


def test_idle_series_stay_while_there_is_room() -> None:
    losses = Losses()
    book = SeriesBook(losses, 2)
    first = named(book, "m", "1.0", T0)
    assert named(book, "m", "1.0", T0 + 10 * HOUR_NS) is first
    assert losses.totals() == {}


def test_a_new_release_gets_the_place_of_one_that_no_longer_runs() -> None:
    losses = Losses()
    book = SeriesBook(losses, 2)
    for release in ("1.0", "1.1"):
        named(book, "m", release, T0)
    overflow = named(book, "m", "1.2", T0 + MINUTE_NS)
    assert overflow is not None
    assert overflow.get("overflow") == "true"
    named(book, "m", "1.1", T0 + HOUR_NS)
    late = T0 + HOUR_NS + MINUTE_NS
    new = named(book, "m", "1.2", late)
    assert new is not None
    assert new.get("release") == "1.2"
    assert losses.totals() == {"ingest.series_limit": 1, "ingest.series_forgotten": 1}
    back = named(book, "m", "1.0", late)
    assert back is not None
    assert back.get("overflow") == "true"


def test_metrics_that_are_idle_make_room_for_new_names() -> None:
    losses = Losses()
    book = SeriesBook(losses, 10)
    for i in range(METRICS_MAX):
        named(book, f"m{i}", "1", T0)
    assert named(book, "new", "1", T0 + MINUTE_NS) is None
    assert named(book, "m0", "1", T0 + HOUR_NS) is not None
    assert named(book, "new", "1", T0 + HOUR_NS + MINUTE_NS) is not None
    assert losses.totals() == {"ingest.metrics_limit": 1, "ingest.series_forgotten": METRICS_MAX - 1}


def span(operation: str, release: str) -> Span:
    fields: dict[str, Any] = {"start_ns": T0, "duration_ns": 10**6, "release": release}
    return Span(b"t" * 16, b"s" * 8, b"", operation, operation, "web", "internal", **fields)


def test_operations_of_a_release_that_no_longer_runs_make_room() -> None:
    losses = Losses()
    deriver = Deriver(losses, 3)

    def releases(release: str, now_ns: int) -> list[str]:
        spans = [span(f"operation {i}", release) for i in range(3)]
        return [p.series.get("release") for p in deriver.points(spans, now_ns)]

    assert releases("1.0", T0) == ["1.0"] * 3
    assert releases("1.1", T0 + MINUTE_NS) == [""]
    assert releases("1.1", T0 + HOUR_NS + MINUTE_NS) == ["1.1"] * 3
    assert losses.totals() == {"ingest.series_limit": 3, "ingest.series_forgotten": 3}
