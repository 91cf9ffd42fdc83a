"""Claims about alerts on the surfaces: what is violated is shown in the same words, and silences hold."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from homeostat.app.alerts.alert_views import Setup, setup_record
from homeostat.app.alerts.desk import AlertDesk
from homeostat.app.alerts.outbox import DEAD, WAITING, Delivery, moved, read_deliveries
from homeostat.app.alerts.target_file import Alerting
from homeostat.app.web.app import create_app
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.notice import Notice, Occasion
from homeostat.core.series import SeriesKey
from homeostat.core.target import Severity
from homeostat.judge.targets.target import Handling, rule_of
from homeostat.judge.targets.target_language import parse
from homeostat.testing.clock import ManualClock
from homeostat.testing.small_node import SmallNode
from homeostat.testing.store_contract import point

SLOW = SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"operation": "<answer>", "service": "web"})


@pytest.fixture
def node() -> Iterator[SmallNode]:
    """A node on which answers have been slow for two minutes."""
    clock = ManualClock()
    node = SmallNode(clock=clock)
    target = parse("p95(operation.duration) < 200 ms over 10 min by operation, service")
    rule = rule_of("answers are fast", target, node.catalogue, handling=Handling())
    desk = AlertDesk(node.store, clock, node.losses, Alerting((rule,), (rule,), ()))
    for _ in range(24):
        now_ns = clock.now_ns() // SECOND_NS * SECOND_NS
        node.store.write(Batch(points=(point(SLOW, now_ns, [900.0] * 20),)))
        desk.look()
        clock.advance(5)
    yield node
    node.close()


@pytest.fixture
def client(node: SmallNode) -> Iterator[TestClient]:
    with TestClient(create_app(node), base_url="http://127.0.0.1:4318", follow_redirects=False) as client:
        yield client


def test_an_active_alert_is_in_the_api_on_its_page_and_on_the_overview(client: TestClient) -> None:
    found = client.get("/api/alerts").json()
    (alert,) = found["active"]
    assert (alert["target"], alert["severity"]) == ("answers are fast", "warning")
    assert alert["words"].startswith("p95 is 90")
    assert alert["words"].endswith("(limit < 200 ms)")
    assert alert["low"] > 800
    assert [n["occasion"] for n in found["history"]] == ["began"]
    for path in ("/alerts", "/"):
        page = client.get(path).text
        assert "answers are fast" in page
        assert "&lt;answer&gt;" in page
        assert "<answer>" not in page


def test_a_silence_is_made_shown_and_ended(client: TestClient) -> None:
    made = client.post("/api/alerts/silence", json={"target": "answers are fast", "for_s": 60})
    assert made.status_code == 201
    silence = made.json()
    assert client.get("/api/alerts").json()["silences"] == [silence]
    assert "Silences" in client.get("/alerts").text
    assert client.delete(f"/api/alerts/silence/{silence['id']}").status_code == 204
    assert client.get("/api/alerts").json()["silences"] == []
    assert client.delete(f"/api/alerts/silence/{silence['id']}").status_code == 404


def test_the_buttons_of_the_page_silence_and_end_it(client: TestClient) -> None:
    form = {"target": "answers are fast", "group": "service=web", "hours": "24"}
    assert client.post("/alerts/silence", data=form).headers["location"] == "/alerts"
    (silence,) = client.get("/api/alerts").json()["silences"]
    assert silence["group"] == "service=web"
    assert client.post("/alerts/speak", data={"id": silence["id"]}).status_code == 303
    assert client.get("/api/alerts").json()["silences"] == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "cannot be understood"),
        ('{"targt": "x"}', "targt"),
        ("{}", "name a target or a group"),
        ('{"target": "nothing such"}', "no target 'nothing such'"),
        ('{"group": "service=web", "for_s": -1}', "for_s must be a number"),
        ('{"group": "service=web", "for_s": 1e9}', "from 1 s to 90 d"),
        ('{"group": "' + "x" * 600 + '"}', "at most 500 characters"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused_with_the_remedy(
    client: TestClient, body: str, said: str
) -> None:
    answer = client.post("/api/alerts/silence", content=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert answer.json()["remedy"]


def test_a_body_without_end_is_refused(client: TestClient) -> None:
    assert client.post("/api/alerts/silence", content=b" " * 10_000).status_code == 413


def test_another_site_cannot_silence(client: TestClient) -> None:
    headers = {"origin": "https://evil.example"}
    assert client.post("/alerts/silence", data={"group": "x"}, headers=headers).status_code == 403


def lost(node: SmallNode, channel: str = "pager") -> str:
    """Let a notice be undelivered on a node whose channel is `pager`."""
    notice = Notice("n-1", "i", Occasion.BEGAN, Severity.CRITICAL, "g", node.clock.now_ns(), "slow", ())
    delivery = Delivery(notice, channel, 10, 0, "answered with status 500")
    setup = setup_record(Setup((), ("pager",)), node.clock.now_ns())
    node.store.write(moved(delivery, DEAD))
    node.store.write(Batch(records=(setup,)))
    return delivery.key


def test_a_lost_notice_is_sent_again_over_the_api_and_from_the_page(
    node: SmallNode, client: TestClient
) -> None:
    for send in (
        lambda key: client.post("/api/alerts/retry", json={"id": key}),
        lambda key: client.post("/api/alerts/retry", json={"all": True}),
        lambda key: client.post("/alerts/retry", data={"id": key}),
        lambda key: client.post("/alerts/retry", data={"all": "1"}),
    ):
        key = lost(node)
        assert "Send again" in client.get("/alerts").text
        answer = send(key)
        assert answer.status_code in (202, 303)
        if answer.status_code == 202:
            assert answer.json() == {"waiting": [key], "left": []}
        assert client.get("/api/alerts").json()["dead"] == []
        assert [d.key for d in read_deliveries(node.store, WAITING)] == [key]


def test_a_lost_notice_of_a_channel_that_is_gone_has_no_button(node: SmallNode, client: TestClient) -> None:
    lost(node, "fax")
    page = client.get("/alerts").text
    assert "not configured any more" in page
    assert ">Send again<" not in page
    assert client.post("/api/alerts/retry", json={"all": True}).json()["left"] == ["n-1/fax"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("[]", "cannot be understood"),
        ("{}", "either one notice or all"),
        ('{"id": "x", "all": true}', "either one notice or all"),
        ('{"id": "nothing/such"}', "was given up"),
    ],
)
def test_what_cannot_be_sent_again_is_refused_with_the_remedy(
    client: TestClient, body: str, said: str
) -> None:
    answer = client.post("/api/alerts/retry", content=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert "NOTICE/CHANNEL" in answer.json()["remedy"]


def test_another_site_cannot_send_again(client: TestClient) -> None:
    headers = {"origin": "https://evil.example"}
    for path in ("/alerts/retry", "/api/alerts/retry"):
        assert client.post(path, data={"all": "1"}, headers=headers).status_code == 403


def test_a_node_without_a_desk_has_an_empty_page() -> None:
    node = SmallNode()
    with TestClient(create_app(node), base_url="http://127.0.0.1:4318") as client:
        assert "No alert is active" in client.get("/alerts").text
    node.close()
