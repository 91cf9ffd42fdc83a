"""Claims about the engine's part of the API."""

from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from homeostat.app.alerts.own_rules import own_rules
from homeostat.app.engine.operations import ORDERING, READING
from homeostat.testing.small_node import SmallNode

JSON = {"content-type": "application/json"}


def test_every_operation_is_described(client: TestClient) -> None:
    told = client.get("/api/engine").json()["operations"]
    assert [one["operation"] for one in told] == [*READING, *ORDERING]
    paths = client.get("/api/openapi.json").json()["paths"]
    described = paths["/api/engine/{operation}"]
    assert described["post"]["parameters"][0]["schema"]["enum"] == [*READING, *ORDERING]
    assert described["get"]["parameters"][0]["schema"]["enum"] == [*READING]


def test_what_reads_is_asked_by_get_with_a_query_or_by_post_with_json(busy: TestClient) -> None:
    by_get = busy.get("/api/engine/get_resource_status?range=15m")
    by_post = busy.post("/api/engine/get_resource_status", json={"range": "15m"})
    assert by_get.status_code == by_post.status_code == 200
    assert by_get.json() == by_post.json()
    assert by_get.json()["measured"] > 0
    needs = busy.get("/api/engine/predict_resource_needs?time_horizon=60&confidence_level=0.95").json()
    assert {need["metric"] for need in needs} >= {"operation.duration", "llm.tokens"}
    assert busy.get("/api/engine/identify_bottlenecks").json()[0]["operation"] == "chat"


def test_an_alert_is_set_by_post_only(client: TestClient, node: SmallNode) -> None:
    wanted = {"metric": "operation.duration", "threshold": "p95 < 200 ms", "severity": "critical"}
    refused = client.get("/api/engine/set_performance_alert", params=wanted)
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert own_rules(node.store) == ()
    made = client.post("/api/engine/set_performance_alert", json=wanted)
    assert made.status_code == 200
    assert made.json()["expect"] == "p95(operation.duration) < 200 ms"
    assert [rule.name for rule in own_rules(node.store)] == ["operation.duration p95 < 200 ms"]


def test_an_alert_that_was_set_can_be_forgotten_and_no_other(client: TestClient, node: SmallNode) -> None:
    wanted = {"metric": "operation.duration", "threshold": "p95 < 200 ms"}
    name = client.post("/api/engine/set_performance_alert", json=wanted).json()["name"]
    assert client.delete("/api/alerts/targets/answers%20are%20fast").status_code == 404
    assert own_rules(node.store) != ()
    assert client.delete(f"/api/alerts/targets/{quote(name, safe='')}").status_code == 204
    assert own_rules(node.store) == ()


@pytest.mark.parametrize(
    ("operation", "body", "status", "said"),
    [
        ("make_it_faster", b"{}", 404, "there is no operation 'make_it_faster'"),
        ("get_resource_status", b'{"rang": 1}', 400, "it takes: range"),
        ("get_resource_status", b"[]", 400, "the arguments cannot be understood"),
        ("get_resource_status", b"\xff", 400, "the arguments cannot be understood"),
        ("get_resource_status", b'{"range": "' + b"x" * 9_000 + b'"}', 400, "the body has more than"),
        ("set_performance_alert", b"", 400, "needs the argument 'metric'"),
        (
            "set_performance_alert",
            b'{"metric": "m", "threshold": "p95 < 1", "action": "x"}',
            400,
            "no action",
        ),
        ("optimize_system", b"", 409, "hs.govern"),
        ("adapt_to_constraints", b'{"at_most": -1, "uses": {"a": 1}}', 409, "hs.govern"),
        ("optimize_system?by=", b"", 400, "`by` says"),
    ],
)
def test_what_cannot_be_done_is_answered_with_its_reason_and_a_remedy(
    client: TestClient, operation: str, body: bytes, status: int, said: str
) -> None:
    answer = client.post(f"/api/engine/{operation}", content=body, headers=JSON)
    assert answer.status_code == status
    assert said in answer.json()["error"]
    assert answer.json()["remedy"]


def test_a_page_of_another_site_can_order_nothing(client: TestClient, node: SmallNode) -> None:
    wanted = {"metric": "operation.duration", "threshold": "p95 < 200 ms"}
    headers = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert client.post("/api/engine/set_performance_alert", json=wanted, headers=headers).status_code == 403
    assert own_rules(node.store) == ()
