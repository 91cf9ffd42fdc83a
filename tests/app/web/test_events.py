"""What happened stands on the axis of time of the plots: releases, findings, alerts."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from homeostat.app.alerts.outbox import records_of
from homeostat.app.web.app import create_app
from homeostat.app.web.fragments import Mark, marks_of
from homeostat.app.web.ranges import window_of
from homeostat.app.web.releases import Releases
from homeostat.core.batch import Batch
from homeostat.core.clock import HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.notice import Notice, Occasion
from homeostat.core.query import SeriesQuery
from homeostat.core.series import SeriesKey
from homeostat.core.target import Severity
from homeostat.judge.views.event import Event, EventKind, event
from homeostat.judge.views.window import Window
from homeostat.testing.small_node import SmallNode
from homeostat.testing.store_contract import point


def key(release: str) -> SeriesKey:
    attributes: dict[str, object] = {"operation": "answer", "service": "web"}
    if release:
        attributes["release"] = release
    return SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", attributes)


@pytest.fixture
def node() -> Iterator[SmallNode]:
    """A node whose service ran release 1.0, and 1.1 for the last two minutes, in which an alert was told."""
    node = SmallNode()
    now_ns = node.clock.now_ns() // SECOND_NS * SECOND_NS
    points = [
        point(key("1.1" if back <= 120 else "1.0"), now_ns - back * SECOND_NS, [100.0] * 5)
        for back in range(600, 0, -2)
    ]
    told = Notice(
        "n",
        "i",
        Occasion.BEGAN,
        Severity.WARNING,
        "service=web",
        now_ns - MINUTE_NS,
        "answers <are> slow",
        (),
    )
    node.store.write(Batch(points=tuple(points), records=tuple(records_of(told, []))))
    yield node
    node.close()


def began(releases: Releases, node: SmallNode, window: Window) -> list[Event]:
    return releases.events(window, node.store.read(SeriesQuery(window.start_ns, window.end_ns)))


def test_a_release_is_an_event_when_it_is_first_seen_and_the_first_one_is_none(node: SmallNode) -> None:
    now_ns = node.clock.now_ns()
    releases = Releases(node.store)
    for start_ns in (now_ns - 11 * MINUTE_NS, now_ns - 5 * MINUTE_NS):
        (found,) = began(releases, node, window_of("15m", start_ns, now_ns))
        assert (found.kind, found.words) == (EventKind.RELEASE, "web 1.1: first seen")
        assert abs(found.at_ns - (now_ns - 120 * SECOND_NS)) <= 3 * SECOND_NS
    assert began(releases, node, window_of("15m", now_ns - MINUTE_NS, now_ns)) == []


def test_a_release_older_than_a_short_window_is_found_in_a_longer_one(node: SmallNode) -> None:
    now_ns = node.clock.now_ns()
    releases = Releases(node.store)
    assert began(releases, node, window_of("15m", now_ns - MINUTE_NS, now_ns)) == []
    found = began(releases, node, window_of("1h", now_ns - HOUR_NS, now_ns))
    assert [e.words for e in found] == ["web 1.1: first seen"]


def test_events_are_in_the_api_with_the_plots_and_on_the_page(node: SmallNode) -> None:
    with TestClient(create_app(node), base_url="http://127.0.0.1") as client:
        events = client.get("/api/events").json()["events"]
        assert [(e["kind"], e["sign"]) for e in events] == [("release", "▲"), ("alert", "!")]
        assert client.get("/api/plots").json()["events"] == events
        page = client.get("/").text
        assert "1 release, 1 alert" in page
        assert "answers &lt;are&gt; slow" in page
        assert ">▲</text>" in page
        assert 'class="mark"' in page
        assert '<a href="/alerts">answers' in page
        assert '<a href="/alerts?range=1h">answers' in client.get("/?range=1h").text


def test_what_happens_nearly_at_once_shares_a_mark() -> None:
    window = window_of("1h", 0, HOUR_NS)
    near = [event(kind, HOUR_NS // 2 + i, "x") for i, kind in enumerate(EventKind)]
    far = event(EventKind.ALERT, HOUR_NS - SECOND_NS, "y")
    first, last = marks_of((*near, far), window)
    assert first.signs == "▲●…"
    assert isinstance(last, Mark)
    assert 49 < first.at < 51
    assert last.at > 98
