"""Claims about the API and the pages: the same content, in the same words."""

import html
import json
import re

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from starlette.testclient import TestClient

from homeostat.app.web.app import create_app
from homeostat.app.web.fragments import LIVE
from homeostat.app.web.openapi import GETS
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.point import Moments, Point
from homeostat.core.series import SeriesKey
from homeostat.core.span import Span
from homeostat.loop.writer import together
from homeostat.observe.ingest.derive import Deriver
from homeostat.testing.sample_traffic import SampleTraffic
from homeostat.testing.small_node import SmallNode

PAGES = (
    "/",
    "/categories",
    "/operations",
    "/traces",
    "/spend",
    "/resources",
    "/metrics-catalogue",
    "/hormones",
)
RANGES = ("15m", "1h", "6h", "24h", "7d", "30d")


def test_everything_described_is_there_and_everything_there_is_described(busy: TestClient) -> None:
    described = busy.get("/api/openapi.json").json()["paths"]
    trace_id = busy.get("/api/traces").json()["traces"][0]["trace_id"]
    for path in GETS:
        asked = path.replace("{id}", trace_id) + ("?metric=llm.duration" if path == "/api/frames" else "")
        answer = busy.get(asked)
        assert answer.status_code == 200, path
        json.loads(answer.content, parse_constant=pytest.fail)
    routes = {r.path.replace(":path", "") for r in busy.app.routes}  # type: ignore[attr-defined]
    served = {
        p for p in routes if p.startswith(("/api", "/v1", "/metrics", "/healthz", "/readyz", "/feedback"))
    }
    assert served - {"/api/openapi.json", "/metrics-catalogue"} == set(described)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("range_", RANGES)
def test_every_page_answers_in_every_range(busy: TestClient, path: str, range_: str) -> None:
    answer = busy.get(f"{path}?range={range_}")
    assert answer.status_code == 200
    assert f'href="{path}?range={range_}" aria-current="true"' in answer.text


def test_page_and_api_say_the_same_words(busy: TestClient) -> None:
    page = html.unescape(busy.get("/").text)
    overview = busy.get("/api/overview").json()
    assert overview["sentence"] in page
    for row in overview["rows"]:
        assert row["value_words"] in page
        assert row["interval_words"] in page
    assert busy.get("/api/spend").json()["cost_words"] in html.unescape(busy.get("/spend").text)


def test_unpriced_calls_are_shown_as_unpriced_and_never_as_zero(busy: TestClient) -> None:
    rows = {r["model"]: r for r in busy.get("/api/spend").json()["rows"] if r["operation"] == "chat"}
    assert rows["house-model-7b"]["cost_usd"] is None
    assert rows["house-model-7b"]["cost_words"] == "unpriced"
    assert rows["gpt-4o-mini"]["cost_usd"] > 0


def test_what_cannot_be_measured_says_why_and_is_no_zero(busy: TestClient) -> None:
    groups = busy.get("/api/resources").json()["groups"]
    row = next(r for g in groups for r in g["rows"] if r["metric"] == "gpu.utilization")
    assert row["now"] is None
    assert row["words"] == "not available here: this machine has no NVIDIA driver"
    assert "this machine has no NVIDIA driver" in busy.get("/metrics-catalogue").text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/overview?range=1y", "1y"),
        ("/api/overview?offset=-1", "-1"),
        ("/api/frames", "metric is missing"),
        ("/api/frames?metric=a&start=5&end=4", "start"),
        ("/api/frames?metric=a&level=7", "level 7"),
        ("/api/frames?metric=a&start=0&level=1000000000", "too many points"),
        ("/api/traces?order=random", "random"),
        ("/api/traces?limit=1e3", "1e3"),
        ("/api/traces/xyz", "xyz"),
        ("/api/live?range=2h", "2h"),
    ],
)
def test_a_query_that_cannot_be_used_is_400_and_names_the_value(
    client: TestClient, path: str, said: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert answer.json()["remedy"]


def test_what_is_not_there_is_404_in_the_form_asked_for(client: TestClient) -> None:
    assert client.get("/api/nothing").json()["error"]
    for path in ("/nothing", "/traces/abcd", "/operations/none"):
        answer = client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 404
        assert "<h1>" in answer.text


def test_the_empty_page_says_how_to_connect_and_changes_when_data_comes(
    client: TestClient, node: SmallNode
) -> None:
    page = client.get("/").text
    assert "homeostat run -- python app.py" in page
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318" in page
    node.store.write(SampleTraffic(per_second=20).second(node.clock.now_ns() - 2 * SECOND_NS))
    node.clock.advance(2)  # type: ignore[attr-defined]
    assert "homeostat run" not in client.get("/").text


def test_what_applications_send_is_escaped(client: TestClient, node: SmallNode) -> None:
    evil = "<script>alert(1)</script>"
    span = Span(
        trace_id=bytes(15) + b"\1",
        span_id=bytes(7) + b"\1",
        parent_id=b"",
        name=evil,
        operation=evil,
        service=evil,
        kind="internal",
        start_ns=node.clock.now_ns() - SECOND_NS,
        duration_ns=1_000,
        error=evil,
        attributes={evil: evil},
    )
    node.store.write(Batch(points=Deriver(node.losses, 10).points([span], 0), spans=(span,)))
    for path in ("/traces", f"/traces/{span.trace_id.hex()}", "/", f"/operations/{evil}", f"/?find={evil}"):
        text = client.get(path, headers={"accept": "text/html"}).text
        assert evil not in text, path
        assert "&lt;script&gt;" in text, path


def test_a_variable_is_found_by_a_part_of_its_name_or_attributes(busy: TestClient) -> None:
    found = busy.get("/api/overview?find=HOUSE").json()
    assert found["rows"]
    assert all(dict(r["attributes"])["model"] == "house-model-7b" for r in found["rows"])


def test_pages_of_the_overview_cover_each_row_once(busy: TestClient) -> None:
    whole = busy.get("/api/overview?limit=1000").json()
    keys = [r["key"] for r in whole["rows"]]
    paged = [
        r["key"]
        for offset in range(0, whole["rows_total"], 5)
        for r in busy.get(f"/api/overview?limit=5&offset={offset}").json()["rows"]
    ]
    assert paged == keys
    assert len(set(keys)) == len(keys) == whole["rows_total"]


def test_the_exposition_is_readable_in_both_formats(busy: TestClient) -> None:
    text = busy.get("/metrics")
    assert text.headers["content-type"].startswith("text/plain")
    names = {f.name for f in parse_text(text.text)}
    assert "operation_duration_milliseconds" in names
    opened = busy.get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert {f.name for f in parse_openmetrics(opened.text)} >= names


def test_assets_are_kept_for_ever_under_the_digest_of_their_content(client: TestClient) -> None:
    page = client.get("/").text
    urls = set(re.findall(r'(?:href|src|data-library)="(/static/[^"]+)"', page))
    assert len(urls) == 5
    for url in urls:
        answer = client.get(url)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/static/0000000000000000/live.js").status_code == 404


def test_no_page_names_an_address_elsewhere(busy: TestClient) -> None:
    for path in PAGES:
        found = re.findall(r'(?:src|href|action)="([^"]+)"', busy.get(path).text)
        assert all(f.startswith(("/", "#")) for f in found), path


def test_readiness_follows_the_queue_and_the_store(client: TestClient, node: SmallNode) -> None:
    assert client.get("/readyz").status_code == 200
    node.writer.full = True
    assert client.get("/readyz").status_code == 503


def test_every_live_view_can_be_asked_for(busy: TestClient) -> None:
    described = busy.get("/api/live?view=nothing").json()
    for view in LIVE:
        assert view in described["remedy"]


def test_a_store_that_fails_is_said_and_does_not_take_the_server_down(
    node: SmallNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    from homeostat.core.errors import StoreBusy

    def fail(query: object) -> object:
        raise StoreBusy("another process holds it")

    monkeypatch.setattr(node.store, "read", fail)
    with TestClient(create_app(node), base_url="http://localhost") as client:
        assert client.get("/api/overview").status_code == 503
        page = client.get("/", headers={"accept": "text/html"})
        assert page.status_code == 503
        assert "another process holds it" in page.text
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200


def test_what_was_dropped_is_on_the_page_and_in_the_api(client: TestClient, node: SmallNode) -> None:
    node.store.write(SampleTraffic(per_second=5).second(node.clock.now_ns() - 2 * SECOND_NS))
    node.losses.add("ingest.not_finite", 1_234)
    assert client.get("/api/losses").json() == {"losses": {"ingest.not_finite": 1_234}}
    for path in ("/", "/resources"):
        page = client.get(path).text
        assert "1,234 <code>ingest.not_finite</code>" in page


def test_rates_of_a_young_application_are_over_the_time_since_it_began(node: SmallNode) -> None:
    now_ns = node.clock.now_ns()
    machine = SeriesKey.of("process.threads", Kind.GAUGE, "1", {"service": "homeostat"})
    level = Moments(1, 3.0, 0.0, 3.0, 3.0, 3.0)
    seconds = range(now_ns - 600 * SECOND_NS, now_ns, SECOND_NS)
    node.store.write(Batch(points=tuple(Point(machine, at, level) for at in seconds)))
    node.store.write(
        together(list(SampleTraffic(per_second=5).seconds(now_ns - 60 * SECOND_NS, now_ns - SECOND_NS)))
    )
    with TestClient(create_app(node), base_url="http://localhost") as client:
        rows = {r["operation"]: r for r in client.get("/api/operations").json()["operations"]}
        assert rows["answer"]["rate_per_s"] == pytest.approx(5.0, rel=0.25)
        spend = client.get("/api/spend").json()
        assert spend["cost_usd_per_hour"] == pytest.approx(spend["cost_usd"] * 60, rel=0.1)
        assert "last 60 s (all there is of the last 15 min)" in client.get("/").text.replace("61 s", "60 s")


def test_a_store_that_reaches_back_shows_the_whole_range(busy: TestClient) -> None:
    window = busy.get("/api/overview").json()["window"]
    assert window["end_ns"] - window["start_ns"] == pytest.approx(900 * 1e9, abs=21e9)
    assert "last 15 min." in busy.get("/").text
