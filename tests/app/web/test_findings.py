"""What is found is on the page, in the API, and found in what the store holds."""

import numpy as np
from starlette.testclient import TestClient

from homeostat.app.findings.notebook import noticed_record
from homeostat.app.web.app import create_app
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.series import SeriesKey
from homeostat.judge.findings.change_watch import NoticedChange
from homeostat.judge.findings.noticed import Noticed, noticed
from homeostat.observe.fold import moments_of
from homeostat.stats.change_monitor import Change
from homeostat.stats.shift import shift
from homeostat.stats.sketch import sketch
from homeostat.testing.small_node import SmallNode

LATENCY = SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"operation": "answer", "service": "web"})
OTHER = SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"operation": "rank", "service": "web"})
SECONDS = 600


def node_with(levels_ms: list[float]) -> SmallNode:
    node = SmallNode()
    rng = np.random.default_rng(5)
    end_ns = node.clock.now_ns() // SECOND_NS * SECOND_NS
    points = []
    for i, level in enumerate(levels_ms):
        values = rng.lognormal(np.log(level), 0.2, 20)
        start_ns = end_ns - (len(levels_ms) - i) * SECOND_NS
        points.append(Point(LATENCY, start_ns, moments_of(values), sketch(values)))
    node.store.write(Batch(points=tuple(points)))
    return node


def test_a_jump_is_found_with_its_size_and_told_on_the_overview_the_page_and_the_api() -> None:
    node = node_with([100.0] * (SECONDS // 2) + [180.0] * (SECONDS // 2))
    with TestClient(create_app(node), base_url="http://127.0.0.1") as client:
        found = client.get("/api/findings").json()["findings"]
        changes = [f for f in found if f["kind"] == "change point"]
        assert [(f["title"], f["course"]) for f in changes] == [("operation.duration (answer)", "worse")]
        assert 0.6 < changes[0]["size"] < 1.0
        assert changes[0]["words"] in client.get("/findings").text
        assert "operation.duration (answer): the p95 rose" in client.get("/").text
    node.close()


def test_where_nothing_happens_nothing_is_told() -> None:
    node = node_with([100.0] * SECONDS)
    with TestClient(create_app(node), base_url="http://127.0.0.1") as client:
        found = client.get("/api/findings").json()
        assert (found["findings"], found["searching"], found["failure"]) == ([], False, "")
        assert "Nothing was found" in client.get("/findings").text
    node.close()


def test_the_first_look_at_the_page_does_not_wait_for_the_search() -> None:
    node = node_with([100.0] * (SECONDS // 2) + [180.0] * (SECONDS // 2))
    with TestClient(create_app(node), base_url="http://127.0.0.1") as client:
        assert "Searching for the first time" in client.get("/findings").text
        assert client.get("/api/findings").json()["findings"]
        assert "Searching for the first time" not in client.get("/findings").text
    node.close()


def test_a_change_that_was_noticed_as_it_came_is_told_once_with_what_looking_back_finds() -> None:
    node = node_with([100.0] * (SECONDS // 2) + [180.0] * (SECONDS // 2))
    at_ns = node.clock.now_ns() // SECOND_NS * SECOND_NS - SECONDS // 2 * SECOND_NS
    kept = [told_online(at_ns, LATENCY), told_online(at_ns - 60 * SECOND_NS, OTHER)]
    node.store.write(Batch(records=tuple(noticed_record(n) for n in kept)))
    with TestClient(create_app(node), base_url="http://127.0.0.1") as client:
        first = client.get("/findings").text
        assert all(n.finding.words in first for n in kept)  # the search has only begun
        found = [f for f in client.get("/api/findings").json()["findings"] if f["kind"] == "change point"]
        assert sorted(f["title"] for f in found) == [
            "operation.duration (answer)",
            "operation.duration (rank)",
        ]
        assert all(f["noticed_ns"] for f in found)
        (told,) = (f["words"] for f in found if "answer" in f["title"])
        assert "the p95 rose" in told
        assert "after it began (average run length 100,000 values)" in told
        report = client.get("/api/report?since=15m").json()
        assert [f["noticed_ns"] is not None for f in report["findings"] if f["kind"] == "change point"] == [
            True,
            True,
        ]
    node.close()


def told_online(at_ns: int, key: SeriesKey) -> Noticed:
    size = shift([100.0, 101.0, 99.0, 100.0] * 5, [180.0, 181.0, 179.0, 180.0])
    change = NoticedChange(
        key, Change(20, 19, 21, 23, size), at_ns, at_ns, at_ns + 10 * SECOND_NS, at_ns + 40 * SECOND_NS
    )
    made = noticed(change, {})
    assert made is not None
    return made
