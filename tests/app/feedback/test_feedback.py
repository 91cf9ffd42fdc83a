"""Claims about feedback over HTTP at `homeostat up`: who may give it, from where, and what is answered."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.app.feedback import bearer
from homeostat.app.feedback.body import BODY_BYTES_MAX
from homeostat.app.feedback.desk import ExperienceDesk
from homeostat.app.feedback.origins import Origins
from homeostat.app.web.app import create_app
from homeostat.core.errors import ConfigError
from homeostat.loop.homeostat import Homeostat
from homeostat.runtime.experience import book
from homeostat.runtime.experience.declaration import Declaration
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.experience.pseudonyms import KEY_BYTES, Pseudonyms
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.served import served
from homeostat.testing.small_node import SmallNode

BASE = "http://127.0.0.1:4318"
TOKEN = "correct-horse-battery"
SHOP = "https://shop.example"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def node() -> Iterator[SmallNode]:
    node = SmallNode()
    yield node
    node.close()


@pytest.fixture
def client(node: SmallNode) -> Iterator[TestClient]:
    with TestClient(create_app(node, feedback_origins=[SHOP]), base_url=BASE) as client:
        yield client


@pytest.fixture
def locked() -> Iterator[TestClient]:
    node = SmallNode(token=TOKEN)
    with TestClient(create_app(node), base_url="http://metrics.example", follow_redirects=False) as client:
        yield client
    node.close()


def give(client: TestClient, people: int = 6, **answers: object) -> None:
    for i in range(people):
        body = {"service": "shop", "user": f"u{i}", **(answers or {"rating": 9})}
        assert client.post("/feedback", json=body).status_code == 201


def test_what_is_given_is_a_figure_of_the_api(client: TestClient) -> None:
    give(client, rating=9, thumbs=True, recommend=10, statements=[5, 1] * 5)
    found = client.get("/api/experience").json()
    assert found["services"] == ["shop"]
    words = {row["name"]: row["words"] for row in found["rows"]}
    assert words["Satisfaction"] == "9.0 of 10"
    assert words["Would recommend (net promoters)"] == "+100"
    assert words["Usability (ten statements)"] == "100 of 100"
    assert found["figures"]["feedback"]["rating"]["people"] == 6


def test_a_server_and_an_application_with_one_key_know_the_same_people(
    client: TestClient, node: SmallNode
) -> None:
    names = Pseudonyms(bytes(KEY_BYTES), "shop")
    own = Experience(BareHost(node.clock), Declaration(service="shop"), node.writer.offer, node.store, names)
    own.declare()
    for i in range(6):
        own.interaction(f"u{i}")
    give(client)
    found = client.get("/api/experience").json()["figures"]
    assert found["people"] == 6
    assert found["feedback"]["rating"]["asked"] == 6
    assert found["feedback"]["rating"]["people"] == 6


def test_anybody_can_read_what_is_kept_and_end_it(client: TestClient) -> None:
    give(client)
    told = client.get("/feedback?user=u1").json()
    assert set(told["kept"]) == {"feedback"}
    assert (told["held"], told["opted_out"], told["kept_days"]) == (1, False, 90)
    (event,) = told["events"]
    assert (event["event"], event["instrument"], event["value"]) == ("answer", "rating", 9.0)
    assert "person" not in event
    assert client.delete("/feedback?user=u1").json() == {"forgotten": 1}
    out = client.post("/feedback", json={"user": "u2", "opt_out": True}).json()
    assert out == {"kept": False, "opted_out": True, "forgotten": 1}
    refused = client.post("/feedback", json={"user": "u2", "rating": 1})
    assert (refused.status_code, refused.json()["kept"]) == (200, False)
    assert client.get("/feedback?user=u2").json()["held"] == 0


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"{", 400, "no JSON"),
        (b'{"rating": 11, "service": "shop"}', 400, "from 1 to 10"),
        (b'{"rating": 7.5, "service": "shop"}', 400, "does not fit"),
        (b'{"text": "the text of somebody"}', 400, "unknown field"),
        (b'{"service": "shop"}', 400, "no answer"),
        (b'{"rating": 7}', 400, "whose experience"),
        (b'{"statements": [1], "service": "shop"}', 400, "10 answers"),
        (b'{"opt_out": true, "service": "shop"}', 400, "needs the `user`"),
        (b'{"asked": ["mood"], "service": "shop", "user": "a"}', 400, "no instrument"),
        (b" " * (BODY_BYTES_MAX + 1), 413, "more than 16384 bytes"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_remedy(
    client: TestClient, content: bytes, status: int, words: str
) -> None:
    answer = client.post("/feedback", content=content)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert "somebody" not in answer.text
    assert answer.json()["remedy"]


def test_pages_of_other_sites_are_refused_unless_their_origin_is_allowed(client: TestClient) -> None:
    body = {"service": "shop", "rating": 8}
    assert client.post("/feedback", json=body, headers={"origin": "https://evil.example"}).status_code == 403
    taken = client.post("/feedback", json=body, headers={"origin": SHOP, "sec-fetch-site": "cross-site"})
    assert taken.status_code == 201
    assert taken.headers["access-control-allow-origin"] == SHOP
    ask = client.options("/feedback", headers={"origin": SHOP, "access-control-request-method": "POST"})
    assert ask.status_code == 204
    assert "authorization" in ask.headers["access-control-allow-headers"]
    assert client.options("/feedback", headers={"origin": "https://evil.example"}).status_code == 403
    other = client.post("/v1/traces", content=b"", headers={"origin": SHOP})
    assert other.status_code == 403


def test_without_allowed_origins_nothing_is_told_to_other_sites(locked: TestClient) -> None:
    answer = locked.get("/feedback", headers={"origin": SHOP, **BEARER})
    assert "access-control-allow-origin" not in answer.headers
    assert locked.post("/feedback", json={}, headers={"origin": SHOP, **BEARER}).status_code == 403
    script = locked.get("/feedback/widget.js")
    assert script.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("origin", ["shop.example", "https://shop.example/path", "ftp://shop.example", "*"])
def test_an_origin_is_scheme_and_host(origin: str) -> None:
    with pytest.raises(ConfigError, match="scheme and host"):
        Origins([origin])


def test_a_pass_gives_one_persons_feedback_and_opens_nothing_else(locked: TestClient) -> None:
    assert locked.post("/feedback", json={"service": "shop", "rating": 8}).status_code == 401
    assert locked.post("/feedback/passes", json={"user": "ann", "service": "shop"}).status_code == 401
    made = locked.post("/feedback/passes", json={"user": "ann", "service": "shop"}, headers=BEARER)
    assert made.status_code == 201
    shown = {"authorization": f"Bearer {made.json()['pass']}"}
    assert locked.post("/feedback", json={"rating": 8}, headers=shown).status_code == 201
    assert locked.get("/feedback", headers=shown).json()["held"] == 1
    for body in ({"rating": 8, "user": "bob"}, {"rating": 8, "service": "bank"}):
        assert locked.post("/feedback", json=body, headers=shown).status_code == 403
    assert locked.delete("/feedback?user=bob", headers=shown).status_code == 403
    for path in ("/api/overview", "/api/experience", "/metrics"):
        assert locked.get(path, headers=shown).status_code == 401
    assert locked.post("/feedback/passes", json={"user": "bob"}, headers=shown).status_code == 401


def test_a_pass_ends_and_cannot_be_changed() -> None:
    clock = ManualClock(1_800_000_000 * 10**9)
    node = SmallNode(token=TOKEN, clock=clock)
    with TestClient(create_app(node), base_url="http://metrics.example") as client:
        asked = {"user": "ann", "service": "shop", "hours": 2}
        text = client.post("/feedback/passes", json=asked, headers=BEARER).json()["pass"]
        for wrong in (text[:-2], "A" + text[1:], text + "A", "é", "A" * 3_000, ""):
            shown = {b"authorization": f"Bearer {wrong}".encode()}
            assert client.post("/feedback", json={"rating": 8}, headers=shown).status_code == 401
        shown = {b"authorization": f"Bearer {text}".encode()}
        assert client.post("/feedback", json={"rating": 8}, headers=shown).status_code == 201
        clock.advance(2 * 3_600.0)
        assert client.post("/feedback", json={"rating": 8}, headers=shown).status_code == 401
        for hours in (0, -1, 10_000):
            bad = client.post("/feedback/passes", json={**asked, "hours": hours}, headers=BEARER)
            assert bad.status_code == 400
    node.close()


def test_without_a_token_there_is_no_pass(client: TestClient) -> None:
    assert client.post("/feedback/passes", json={"user": "ann", "service": "shop"}).status_code == 409


def test_too_many_requests_of_one_address_are_refused_with_when_to_come_again(
    node: SmallNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bearer, "RATE", 2.0)
    with TestClient(create_app(node), base_url=BASE) as client:
        answers = [client.get("/feedback?service=shop") for _ in range(6)]
    assert {a.status_code for a in answers[:2]} == {200}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_a_pass_that_could_not_be_read_again_is_not_made(locked: TestClient) -> None:
    asked = {"user": "x" * 257, "service": "shop"}
    refused = locked.post("/feedback/passes", json=asked, headers=BEARER)
    assert refused.status_code == 400
    assert "at most 256 characters" in refused.text


def test_what_is_answered_to_who_opted_out_and_to_who_finds_no_room_is_told_apart(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(client)
    client.post("/feedback", json={"service": "shop", "user": "u1", "opt_out": True})
    for body in ({"rating": 1}, {"asked": ["rating"]}):
        told = client.post("/feedback", json={"service": "shop", "user": "u1", **body})
        assert (told.status_code, told.json()["kept"]) == (200, False)
    monkeypatch.setattr(book, "ENTRIES_A_DAY", 0)
    for body in ({"rating": 1}, {"asked": ["rating"]}):
        told = client.post("/feedback", json={"service": "shop", "user": "u2", **body})
        assert (told.status_code, told.headers["retry-after"]) == (503, "2")
        assert "cannot be kept now" in told.text


def test_services_are_bounded_and_named(client: TestClient) -> None:
    assert client.post("/feedback", json={"service": "x" * 65, "rating": 8}).status_code == 400
    assert client.get("/api/experience?service=nobody").status_code == 200
    give(client)
    assert client.get("/api/experience?service=nobody").status_code == 400


def test_the_desk_records_the_figures_of_every_application(client: TestClient, node: SmallNode) -> None:
    give(client)
    desk = ExperienceDesk(node.experiences, node.losses)
    host = node.experiences.host
    assert isinstance(host, BareHost)
    assert host.snapshot("experience.response_rate").count == 0
    client.post("/feedback", json={"service": "shop", "user": "u9", "asked": ["rating"]})
    desk.look()
    assert host.snapshot("experience.response_rate", service="shop").mean == 0.0


def test_the_widget_asks_the_statements_that_are_scored(client: TestClient) -> None:
    from homeostat.evaluate.experience.usability import STATEMENTS

    script = client.get("/feedback/widget.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert all(statement in script.text for statement in STATEMENTS)
    assert len(script.content) < 16_000


def test_the_page_says_the_words_of_the_api(client: TestClient) -> None:
    empty = client.get("/experience").text
    assert "No application tells how people fare" in empty
    give(client)
    page = client.get("/experience").text
    for row in client.get("/api/experience").json()["rows"]:
        assert row["words"] in page
        assert row["basis_words"] in page
    assert "few people: read it with care" in page
    rows = {row["name"]: row for row in client.get("/api/experience").json()["rows"]}
    assert (rows["Satisfaction"]["target_words"], rows["Satisfaction"]["state"]) == ("8.5 of 10", "undecided")
    assert (rows["Tasks done"]["target_words"], rows["Tasks done"]["state"]) == ("95%", "")
    assert rows["Thumbs up"]["target_words"] == ""
    assert "needs 5 more people" in page


def test_comments_are_printed_by_who_has_the_key(tmp_path: Path) -> None:
    store = str(tmp_path / "h.db")
    with Homeostat("shop", store=store, collect=False) as hs:
        hs.experience(track=("feedback", "comments")).feedback("ann", comment="the queue is slow")
    told = CliRunner().invoke(build(), ["experience", "comments", "--store", store])
    assert told.exit_code == 0, told.output
    assert "the queue is slow" in told.output
    assert "ann" not in told.output
    (tmp_path / "h.db.people-key").write_text("ab" * 32)
    refused = CliRunner().invoke(build(), ["experience", "comments", "shop", "--store", store])
    assert refused.exit_code != 0
    assert "another one" in refused.output


def test_a_comment_cannot_pass_for_another_one_nor_move_the_cursor(tmp_path: Path) -> None:
    store = str(tmp_path / "h.db")
    with Homeostat("shop", store=store, collect=False) as hs:
        people = hs.experience(track=("feedback", "comments"))
        people.feedback("ann", comment="slow\x1b[2J\r\n2026-01-01  all is well\u202e")
    told = CliRunner().invoke(build(), ["experience", "comments", "--store", store])
    assert told.exit_code == 0, told.output
    assert told.output.splitlines()[0].endswith("  slow [2J  2026-01-01  all is well ")
    assert len(told.output.splitlines()) == 1


def test_the_terminal_tells_all_that_the_page_does(node: SmallNode) -> None:
    names = Pseudonyms(bytes(KEY_BYTES), "shop")
    own = Experience(BareHost(node.clock), Declaration(service="shop"), node.writer.offer, node.store, names)
    own.declare()
    assert isinstance(node.clock, ManualClock)
    for week in range(3):
        for i in range(6):
            for n in (1, 2):
                with own.task("export", f"u{i}"):
                    own.interaction(f"u{i}", "search" if i else "odd")
                    node.clock.advance(20.0 / (2 * week + n))
        node.clock.advance(7 * 86_400.0)
    own.close()
    with served(create_app(node)) as address:
        page = httpx2.get(f"{address}/experience", trust_env=False).text
        told = CliRunner().invoke(
            build(), ["experience", "show", "--endpoint", address], env={"COLUMNS": "400"}
        )
    assert told.exit_code == 0, told.output
    for words in ("Each doubling of practice saves", "First came", "Week 3", "fewer than 5 people used it"):
        assert words in page
        assert words.lower() in told.output.lower()
    assert "83.3% [43.6, 97.0]%" in told.output


def test_the_terminal_shows_the_figures_of_a_server(node: SmallNode) -> None:
    with served(create_app(node)) as address, httpx2.Client(trust_env=False) as http:
        empty = CliRunner().invoke(build(), ["experience", "show", "--endpoint", address])
        for i in range(6):
            http.post(f"{address}/feedback", json={"service": "shop", "user": f"u{i}", "rating": 9})
        told = CliRunner().invoke(build(), ["experience", "show", "shop", "--endpoint", address])
        as_json = CliRunner().invoke(build(), ["experience", "show", "--json", "--endpoint", address])
    assert "No application tells" in empty.output
    assert told.exit_code == 0, told.output
    assert "9.0 of 10" in told.output
    assert json.loads(as_json.output)["figures"]["feedback"]["rating"]["n"] == 6
