"""GET /api/report: the report of a period from a server, as `homeostat report` takes it."""

import msgspec
import pytest
from starlette.testclient import TestClient

from homeostat.app.web.app import create_app
from homeostat.core.clock import MINUTE_NS
from homeostat.judge.reports.report import Report
from homeostat.testing.sample_traffic import SampleTraffic
from homeostat.testing.small_node import SmallNode


@pytest.fixture(scope="module")
def client() -> TestClient:
    node = SmallNode()
    now_ns = node.clock.now_ns()
    for seed, slow, first, last in ((1, 1.0, 16, 8), (2, 1.6, 8, 0)):
        traffic = SampleTraffic(seed=seed, per_second=1.0, slow_factor=slow)
        for batch in traffic.seconds(now_ns - first * MINUTE_NS, now_ns - last * MINUTE_NS):
            node.store.write(batch)
    return TestClient(create_app(node), base_url="http://127.0.0.1:4318")


def test_the_answer_is_a_report_with_its_comparison(client: TestClient) -> None:
    answer = client.get("/api/report?since=8m&baseline=before")
    assert answer.status_code == 200
    report = msgspec.json.decode(answer.content, type=Report)
    assert report.comparison is not None
    assert report.comparison.regressed
    assert report.bottlenecks[0].operation == "chat"


def test_limits_stand_in_the_report_as_they_do_on_the_page(client: TestClient) -> None:
    report = msgspec.json.decode(client.get("/api/report?since=1h").content, type=Report)
    assert report.standings is not None
    page = client.get("/api/categories?range=1h").json()
    assert report.standings.words == page["words"]
    for mine, theirs in zip(report.standings.categories, page["categories"], strict=True):
        assert (mine.words, len(mine.limits)) == (theirs["words"], len(theirs["limits"]))
        told = {limit.metric: (limit.state.value, limit.series) for limit in mine.limits}
        assert told == {limit["metric"]: (limit["state"], limit["series"]) for limit in theirs["limits"]}
    assert report.standings.categories[0].broken


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("since=long", "a length of time"),
        ("threshold=-1", "threshold"),
        ("since=1h&baseline=x..y", "a moment is"),
    ],
)
def test_what_makes_no_sense_is_refused(client: TestClient, query: str, words: str) -> None:
    answer = client.get(f"/api/report?{query}")
    assert answer.status_code == 400
    assert words in answer.json()["error"]
