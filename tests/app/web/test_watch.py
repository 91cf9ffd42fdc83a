"""Claims about watches: the address is the whole of them, thresholds are one's own, crossings are kept."""

from html import unescape
from urllib.parse import parse_qsl

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from homeostat.app.web.app import create_app
from homeostat.app.web.memo import Memo
from homeostat.app.web.watch_query import STATISTICS, pairs_of, query_of, watch_of
from homeostat.app.web.watch_views import CROSSINGS_MAX, SITTINGS_MAX, WatchViews
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.series import SeriesKey
from homeostat.core.span import Span
from homeostat.core.target import Amount
from homeostat.judge.views.watch import Asked, Level, Sight, Threshold, Watch
from homeostat.observe.fold import moments_of
from homeostat.testing.clock import ManualClock
from homeostat.testing.small_node import SmallNode

BASE = "http://127.0.0.1:4318"
DEPTH = Asked("queue.depth", warn=Threshold(Amount(10)), critical=Threshold(Amount(100)))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def watching(clock: ManualClock) -> "Watching":
    return Watching(clock)


class Watching:
    """A node with levels that a test sets, and a view of watches on it."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.node = SmallNode(clock=clock)
        metrics = self.node.catalogue
        self.views = WatchViews(self.node.store, clock, metrics, Memo(clock), dict)

    def level(self, value: float, **attributes: object) -> None:
        """Measure a level now, and go on until a look can see it."""
        key = SeriesKey.of("queue.depth", Kind.GAUGE, "1", attributes)
        point = Point(key, self.clock.now_ns() // SECOND_NS * SECOND_NS, moments_of(np.array([value])))
        self.node.store.write(Batch(points=(point,)))
        self.clock.advance(4)

    def look(self, *asked: Asked, **fields: object) -> Sight:
        return self.views.sight(Watch(asked or (DEPTH,), **fields))  # type: ignore[arg-type]


NAMES = st.from_regex(r"[a-z][a-z.]{0,10}", fullmatch=True)
VALUES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 &+%./:;-]{0,10}[a-z]", fullmatch=True)
THRESHOLDS = st.none() | st.builds(
    Threshold,
    st.builds(
        Amount, st.floats(0, 1e6).map(lambda v: round(v, 3)), st.sampled_from(("", "ms", "s", "%", "/s"))
    ),
    st.sampled_from((None, True, False)),
)
ATTRIBUTES = st.dictionaries(NAMES, VALUES, max_size=3).map(lambda d: tuple(d.items()))
WATCHES = st.builds(
    Watch,
    st.lists(
        st.builds(Asked, NAMES, ATTRIBUTES, st.sampled_from(("", *STATISTICS)), THRESHOLDS, THRESHOLDS),
        max_size=4,
    ).map(tuple),
    st.integers(1, 60).map(lambda s: s * SECOND_NS),
    st.integers(10, 900).map(lambda s: s * SECOND_NS),
    ATTRIBUTES,
)


@given(WATCHES)
def test_the_address_is_the_whole_of_a_watch(watch: Watch) -> None:
    pairs = pairs_of(parse_qsl(query_of(watch), keep_blank_values=True))
    assert watch_of(pairs) == watch


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ((("series", "queue.depth"), ("warn", "5 apples")), "does not fit"),
        ((("series", "a b c"),), "'a b c'"),
        ((("series", "p12 llm.duration"),), "p12"),
        ((("series", "llm.duration{model}"),), "'model'"),
        ((("series", "llm.duration"), ("warn", "fast")), "'fast'"),
        ((("warn", "1 s"),), "no series"),
        ((("every", "1 ms"),), "every"),
        ((("over", "2 d"),), "over"),
        ((("only", "session"),), "'session'"),
        (tuple(("series", f"m{i}") for i in range(9)), "at most 8"),
        ((("series", "m" * 400),), "400 characters"),
        ((("series", "queue.depth"), ("warn", "> 1"), ("critical", "< 0")), "different sides"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_its_value(
    watching: Watching, query: tuple[tuple[str, str], ...], told: str
) -> None:
    watching.level(1.0)
    with pytest.raises(InputError, match=told):
        watching.views.sight(watch_of(query))


def test_crossings_are_kept_with_their_time_and_what_was_before(watching: Watching) -> None:
    for value in (5.0, 50.0, 500.0, 7.0):
        watching.level(value)
        sight = watching.look()
    assert [(c.before, c.level) for c in sight.crossings] == [
        (Level.CRITICAL, Level.WITHIN),
        (Level.WARNING, Level.CRITICAL),
        (Level.WITHIN, Level.WARNING),
    ]
    times = [c.at_ns for c in sight.crossings]
    assert times == sorted(times, reverse=True)
    assert sight.crossings[1].words == "above critical: last 500 (critical > 100), was warning"
    assert sight.words == "None of 1 series is beyond a threshold."


def test_what_stays_beyond_is_told_once_and_so_is_what_was_beyond_from_the_first_look(
    watching: Watching,
) -> None:
    for _ in range(5):
        watching.level(50.0)
        sight = watching.look()
    (crossed,) = sight.crossings
    assert (crossed.before, crossed.level) == (None, Level.WARNING)


def test_crossings_are_bounded_and_the_dropped_are_counted(watching: Watching) -> None:
    for i in range(CROSSINGS_MAX + 6):
        watching.level(50.0 if i % 2 else 1.0)
        sight = watching.look()
    assert (len(sight.crossings), sight.crossings_dropped) == (CROSSINGS_MAX, 5)


def test_each_watch_has_crossings_of_its_own_and_only_the_newest_watches_are_remembered(
    watching: Watching,
) -> None:
    watching.level(50.0)
    first = watching.look()
    assert len(first.crossings) == 1
    high = Asked("queue.depth", warn=Threshold(Amount(90)))
    assert watching.look(high).crossings == ()
    for i in range(SITTINGS_MAX):
        watching.look(Asked("queue.depth", warn=Threshold(Amount(1_000 + i))))
    watching.clock.advance(2)
    assert watching.look().began_ns > first.began_ns


def test_a_threshold_below_is_crossed_downwards(watching: Watching) -> None:
    watching.level(5.0)
    row = watching.look(Asked("queue.depth", warn=Threshold(Amount(10), above=False))).rows[0]
    assert (row.level, row.words) == (Level.WARNING, "below warning")


def test_without_thresholds_those_of_the_catalogue_hold(watching: Watching) -> None:
    key = SeriesKey.of("system.cpu.pressure", Kind.GAUGE, "ratio", {})
    metric = watching.node.catalogue["system.cpu.pressure"]
    now_ns = watching.clock.now_ns()
    watching.node.store.write(Batch(points=(Point(key, now_ns, moments_of(np.array([0.1, 0.1]))),)))
    watching.clock.advance(4)
    (row,) = watching.look(Asked("system.cpu.pressure")).rows
    assert (row.bounds.warn, row.bounds.critical) == (metric.warning, metric.critical)
    (free,) = watching.look(Asked("system.cpu.pressure", statistic="max")).rows
    assert free.level is Level.FREE


def test_too_few_values_cross_nothing_and_say_how_many_are_missing(watching: Watching) -> None:
    key = SeriesKey.of("answer.length", Kind.HISTOGRAM, "1", {})
    now_ns = watching.clock.now_ns()
    watching.node.store.write(Batch(points=(Point(key, now_ns, moments_of(np.array([99.0]))),)))
    watching.clock.advance(4)
    sight = watching.look(Asked("answer.length", warn=Threshold(Amount(10))))
    assert sight.rows[0].level is Level.UNKNOWN
    assert "not known yet: needs about" in sight.rows[0].words
    assert sight.crossings == ()


def test_a_watch_is_limited_to_a_session_where_series_carry_it(watching: Watching) -> None:
    watching.level(50.0, session="s-1")
    watching.level(5.0, session="s-2")
    sight = watching.look(only=(("session", "s-1"),))
    assert [r.row.attributes for r in sight.rows] == [(("session", "s-1"),)]


def test_where_no_series_carries_a_session_that_is_said_and_kept_traces_are_shown(
    watching: Watching,
) -> None:
    watching.level(50.0)
    now_ns = watching.clock.now_ns()
    spans = tuple(
        Span(
            trace_id=bytes([i]) * 16,
            span_id=bytes([i]) * 8,
            parent_id=b"",
            service="web",
            kind="internal",
            name="answer",
            operation="answer",
            start_ns=now_ns - i * SECOND_NS,
            duration_ns=SECOND_NS,
            attributes={"session": f"s-{i}"},
        )
        for i in (1, 2)
    )
    watching.node.store.write(Batch(spans=spans))
    sight = watching.look(only=(("session", "s-1"),))
    assert sight.rows == ()
    assert "No series of queue.depth with session=s-1" in sight.notes[0]
    assert "seen on its traces only" in sight.notes[0]
    assert [t.trace_id for t in sight.traces] == [(b"\x01" * 16).hex()]


def test_page_and_api_say_the_same_words(busy: TestClient) -> None:
    query = "series=operation.duration{operation=answer}&warn=1ms&critical=2ms&over=5 min"
    sight = busy.get(f"/api/watch?{query}").json()
    page = unescape(busy.get(f"/watch?{query}").text)
    assert sight["words"] in page
    (row,) = sight["rows"]
    for words in (row["words"], row["bounds"]["critical_words"], row["row"]["value_words"]):
        assert words in page
    assert sight["crossings"][0]["words"] in page
    again = busy.get(f"/api/watch?{sight['query']}").json()
    assert again["query"] == sight["query"]


def test_a_mistake_in_the_address_is_400_on_the_page_in_the_api_and_on_the_stream(busy: TestClient) -> None:
    for path in ("/watch?", "/api/watch?", "/api/live?view=watch&"):
        answer = busy.get(f"{path}every=never")
        assert answer.status_code == 400
        assert "never" in answer.text


def test_an_empty_watch_offers_series_that_there_are(busy: TestClient) -> None:
    page = unescape(busy.get("/watch").text)
    assert "Nothing is watched yet." in page
    assert 'href="/watch?series=operation.' in page


def test_names_from_outside_are_escaped() -> None:
    node = SmallNode()
    with TestClient(create_app(node), base_url=BASE) as client:
        page = client.get("/watch?series=<script>alert(1)</script>&only=a=<b>x</b>").text
        assert "<script>alert" not in page
        assert "<b>x</b>" not in page
    node.close()
