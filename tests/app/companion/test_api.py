"""Claims about the companion's API: what goes in is found by the next request, and errors say what to do."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.bodies import IN_FLIGHT_BYTES
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.openapi import ANSWERS, BODIES, MEDIA, QUERIES
from homeostat.app.web.budget import Budget
from homeostat.companion.access.grant import PERSONS, Scope
from homeostat.companion.canaries import Canaries
from homeostat.companion.finding import Hit
from homeostat.companion.message import NewMessage
from homeostat.companion.store.people import Memory
from homeostat.testing.finder_by_words import ByWords

API = (
    "/people",
    "/feedback",
    "/tokens",
    "/flags",
    "/audit",
    "/reviews",
    "/security",
    "/healthz",
    "/readyz",
    "/openapi.json",
)
TEXT = "my sister lives in Lisbon"


def bearer(node: CompanionNode, person: str | None = None, *scopes: Scope) -> dict[str, str]:
    usual = frozenset(Scope) if person is None else PERSONS
    token, _ = node.access.issue(frozenset(scopes) or usual, person=person)
    return {"authorization": f"Bearer {token.text}"}


@pytest.fixture
def bare(node: CompanionNode) -> Iterator[TestClient]:
    """A client without a token."""
    with TestClient(create_companion_app(node)) as client:
        yield client


def test_a_message_is_stored_and_found_by_the_next_request(service: TestClient) -> None:
    answer = service.post(
        "/people/ann/messages", json={"id": "m1", "text": TEXT, "at": "2026-11-20T18:30:00+01:00"}
    )
    assert answer.status_code == 201
    assert answer.json() == {"id": "m1", "seq": 1, "new": True, "hits": []}
    hits = service.get("/people/ann/search", params={"q": "Lisbon"}).json()["hits"]
    assert hits[0]["message"] == {
        "id": "m1", "text": TEXT, "at_us": 1_795_195_800_000_000, "talk": "", "author": "", "own": True,
        "offset_min": 60, "seq": 1, "edited_us": 0,
    }  # fmt: skip
    again = service.post("/people/ann/messages", json={"id": "m1", "text": TEXT})
    assert (again.status_code, again.json()["new"]) == (200, False)


def test_messages_are_read_edited_and_forgotten_by_their_ids(service: TestClient) -> None:
    for number in range(3):
        service.post(
            "/people/ann/messages", json={"id": f"a/{number}", "text": f"number {number}", "talk": "t"}
        )
    assert service.get("/people/ann/messages/a/1").json()["text"] == "number 1"
    edited = service.patch("/people/ann/messages/a/1", json={"text": "nothing"})
    assert edited.json()["edited_us"] > 0
    assert service.delete("/people/ann/messages/a/2").status_code == 204
    assert service.delete("/people/ann/messages/a/2").status_code == 404
    assert service.get("/people/ann/messages/a/2").status_code == 404
    read = service.get("/people/ann/messages", params={"after": 0, "limit": 10, "talk": "t"}).json()
    assert [m["text"] for m in read["messages"]] == ["number 0", "nothing"]
    assert service.get("/people/ann").json()["messages"] == 2


def test_a_forgotten_person_is_gone_with_their_tokens_and_the_audit_says_so(
    service: TestClient, node: CompanionNode
) -> None:
    own = bearer(node, "ann")
    service.post("/people/ann/messages", json={"text": TEXT})
    assert service.get("/people/me", headers=own).json()["messages"] == 1
    assert service.delete("/people/ann").status_code == 204
    assert service.delete("/people/ann").status_code == 204
    assert service.get("/people/ann").status_code == 404
    assert service.get("/people/me", headers=own).status_code == 401
    answer = service.get("/audit", params={"verify": 1})
    acts = [entry["act"] for entry in answer.json()["entries"]]
    assert acts.count("person.forgotten") == 1
    assert "ann" not in {entry["person"] for entry in answer.json()["entries"]}


def test_bad_bodies_are_refused_with_a_remedy_and_without_their_words(service: TestClient) -> None:
    url = "/people/ann/messages"
    for body, status in (
        (b"swordfish", 400),
        (b"\xff\xfe", 400),
        (b"{}", 422),
        (b'{"text": 7}', 422),
        (b'{"text": "a", "unknown": 1}', 422),
        (b'{"text": ""}', 422),
        (b'{"text": "a", "at": "2026-11-20T18:30:00"}', 422),
        (b'{"text": "a", "at": "2026-11-20T18:30:00Z", "at_us": 1}', 422),
        (b'{"text": "a", "at_us": 999999999999999999}', 422),
        (b'{"text": "a", "k": 101}', 422),
        (b'{"text": "a", "offset_min": 1441}', 422),
        (b'{"text": "' + b"x" * (1 << 20) + b'y"}', 413),
        (b" " * (9 << 20), 413),
    ):
        answer = service.post(url, content=body)
        assert answer.status_code == status, body[:50]
        assert answer.json().keys() == {"error", "remedy"}
        assert "swordfish" not in answer.text
    assert service.get("/people/ann").status_code == 404


@pytest.mark.parametrize("text", ["x" * (1 << 20), "🙂" * 1_000, "\u202eשלום", "a\0b"])
def test_odd_texts_are_kept_whole(service: TestClient, text: str) -> None:
    body = json.dumps({"id": "m1", "text": text})
    assert service.post("/people/ann/messages", content=body).status_code == 201
    assert service.get("/people/ann/messages/m1").json()["text"] == text


def test_an_id_with_another_text_is_refused(service: TestClient) -> None:
    service.post("/people/ann/messages", json={"id": "m1", "text": "first"})
    answer = service.post("/people/ann/messages", json={"id": "m1", "text": "swordfish"})
    assert answer.status_code == 422
    assert "m1" in answer.json()["error"]
    assert "swordfish" not in answer.text


def test_bad_queries_are_refused(service: TestClient) -> None:
    service.post("/people/ann/messages", json={"text": TEXT})
    for query in ("", "q=", "q=a&k=101", "q=a&k=-1", "q=a&begin=yesterday", "q=a&own=perhaps"):
        assert service.get(f"/people/ann/search?{query}").status_code == 422, query
    assert service.get("/people/bob/search?q=a").status_code == 404


def test_many_lines_at_once_are_each_answered(service: TestClient) -> None:
    lines = [json.dumps({"id": f"m{n}", "text": f"line number {n}"}) for n in range(1_200)]
    lines[3] = "swordfish"
    lines[7] = json.dumps({"id": "m1", "text": "another text"})
    lines[9] = ""
    lines[11] = lines[10]
    lines[13] = json.dumps({"id": "m13", "text": ""})
    answer = service.post("/people/ann/messages/bulk", content="\n".join(lines))
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert results.pop() == {"lines": 1_200, "kept": 1_196, "bad": 3}
    by_line = {result["line"]: result for result in results}
    assert sorted(n for n, r in by_line.items() if "error" in r) == [4, 8, 14]
    assert 10 not in by_line
    assert by_line[12]["seq"] == by_line[11]["seq"]
    assert "swordfish" not in answer.text
    assert service.get("/people/ann").json()["messages"] == 1_195
    again = service.post("/people/ann/messages/bulk", content="\n".join(lines))
    assert again.text == answer.text
    hits = service.get("/people/ann/search?q=1199").json()["hits"]
    assert hits[0]["message"]["id"] == "m1199"


@pytest.mark.long
def test_a_hundred_thousand_messages_at_once_are_kept_with_little_memory(service: TestClient) -> None:
    def lines() -> Iterator[bytes]:
        for number in range(100_000):
            yield b'{"id": "m%d", "text": "this is message number %d", "at_us": %d}\n' % ((number,) * 3)

    before = psutil.Process().memory_info().rss
    answer = service.post("/people/ann/messages/bulk", content=lines())
    assert json.loads(answer.text.splitlines()[-1]) == {"lines": 100_000, "kept": 100_000, "bad": 0}
    assert psutil.Process().memory_info().rss - before < 200 << 20
    hits = service.get("/people/ann/search?q=99999").json()["hits"]
    assert hits[0]["message"]["id"] == "m99999"


def test_without_a_token_that_holds_nothing_is_told(bare: TestClient, node: CompanionNode) -> None:
    node.homeostat.knob_set.pin("companion_stranger_rate", 1_000.0)
    bare.post("/people/ann/messages", json={"text": TEXT}, headers=bearer(node))
    expired, _ = node.access.issue(frozenset(Scope))
    node.access.revoke(expired.id)
    for header in ({}, {"authorization": "Bearer x"}, {"authorization": f"Bearer {expired.text}"}):
        answers = {
            (answer.status_code, answer.text, answer.headers["www-authenticate"])
            for name in ("ann", "nobody")
            for answer in (
                bare.get(f"/people/{name}", headers=header),
                bare.get(f"/people/{name}/search?q=Lisbon", headers=header),
                bare.delete(f"/people/{name}", headers=header),
                bare.get("/people", headers=header),
            )
        }
        assert len(answers) == 1
        assert answers.pop()[0] == 401
    assert bare.get("/healthz").status_code == 200
    assert bare.get("/readyz").status_code == 200


def test_a_persons_token_opens_their_memory_alone(bare: TestClient, node: CompanionNode) -> None:
    ann, bob, all_ = bearer(node, "ann"), bearer(node, "bob"), bearer(node)
    bare.post("/people/bob/messages", json={"id": "m1", "text": "swordfish"}, headers=all_)
    assert (
        bare.get("/people/bob/messages", headers=bob).json()
        == bare.get("/people/me/messages", headers=bob).json()
    )
    answers = set()
    for name in ("bob", "nobody"):
        for method, path, body in (
            ("POST", "messages", {"text": "a"}),
            ("POST", "messages/bulk", None),
            ("GET", "messages", None),
            ("GET", "messages/m1", None),
            ("PATCH", "messages/m1", {"text": "a"}),
            ("DELETE", "messages/m1", None),
            ("GET", "search?q=swordfish", None),
            ("GET", "", None),
            ("DELETE", "", None),
        ):
            url = f"/people/{name}/{path}".rstrip("/")
            answer = bare.request(method, url, json=body, headers=ann)
            answers.add((answer.status_code, answer.text))
    assert answers == {
        (403, '{"error":"this token does not allow that","remedy":"ask for a token that does"}')
    }
    assert bare.get("/people/bob/messages", headers=bob).json()["messages"][0]["text"] == "swordfish"
    assert node.people.names("", 10) == ["bob"]


def test_tokens_are_made_listed_and_taken_back(service: TestClient) -> None:
    made = service.post(
        "/tokens", json={"scopes": ["read", "write"], "person": "ann", "lasts_s": 60, "label": "app"}
    )
    assert made.status_code == 201
    own = {"authorization": f"Bearer {made.json()['token']}"}
    assert service.post("/people/me/messages", json={"text": "hello"}, headers=own).status_code == 201
    listed = {token["id"]: token for token in service.get("/tokens").json()["tokens"]}
    assert "token" not in listed[made.json()["id"]]
    assert service.delete(f"/tokens/{made.json()['id']}").status_code == 204
    assert service.delete("/tokens/none").status_code == 404
    assert service.get("/people/me", headers=own).status_code == 401
    assert service.post("/tokens", json={"scopes": ["all"]}).status_code == 422
    assert service.post("/tokens", json={"scopes": ["admin"], "person": "ann"}).status_code == 422


def test_flags_are_shown_and_set(service: TestClient) -> None:
    service.post("/people/ann/messages", json={"text": "hello"})
    assert service.put("/flags/mirror", json={"percent": 0}).json()["in_force"] == 0
    assert service.get("/flags").json()["mirror"]["percent"] == 0
    assert service.get("/people/ann").json()["features"]["mirror"] is False
    assert service.put("/flags/none", json={}).status_code == 422
    assert service.put("/flags/mirror", json={"percent": "much"}).status_code == 422


def test_a_token_that_asks_too_fast_is_told_when_to_come_again(bare: TestClient, node: CompanionNode) -> None:
    node.homeostat.knob_set.pin("companion_person_rate", 2.0)
    header = bearer(node, "ann")
    answers = [bare.get("/people/me", headers=header) for _ in range(4)]
    assert [a.status_code for a in answers][:2] == [404, 404]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert bare.get("/people/me", headers=bearer(node, "bob")).status_code == 404


def test_refusals_are_noted_once_a_minute_for_each_token(bare: TestClient, node: CompanionNode) -> None:
    header = bearer(node, "ann")
    for _ in range(5):
        bare.get("/people/bob", headers=header)
        bare.get("/people/bob")
    refused = [entry for _, entry in node.audit.entries() if entry.act == "access.refused"]
    assert sorted(entry.about for entry in refused) == ["401", "403"]


def test_what_is_not_there_is_told_as_a_problem(service: TestClient) -> None:
    assert service.get("/nothing").json().keys() == {"error", "remedy"}
    assert service.put("/people/ann/messages", json={}).status_code == 405


def test_everything_of_a_person_goes_out_and_comes_back(service: TestClient, node: CompanionNode) -> None:
    for number in range(5):
        service.post("/people/ann/messages", json={"id": f"m{number}", "text": f"umbrella {number}"})
    archive = service.get("/people/ann/export")
    assert archive.headers["content-type"] == "application/zip"
    restored = service.post("/people/zoe/import", content=archive.content)
    assert restored.json() == {"messages": 5, "bad": 0, "whole": True}
    assert (
        service.get("/people/zoe/messages").json()["messages"]
        == service.get("/people/ann/messages").json()["messages"]
    )
    assert service.get("/people/nobody/export").status_code == 404
    assert service.get("/people/ann/export?vectors=maybe").status_code == 422
    assert service.post("/people/zoe/import", content=b"swordfish").status_code == 422
    acts = [entry.act.value for _, entry in node.audit.entries()]
    assert acts == ["token.issued", "person.exported", "person.imported"]


def test_what_was_learned_is_shown_where_its_flag_is_on(service: TestClient, node: CompanionNode) -> None:
    for number in range(40):
        text = f"the {('garden', 'kitchen')[number % 2]} needs {number} hands and water"
        service.post("/people/ann/messages", json={"text": text, "at_us": number * 60_000_000, "k": 0})
    node.enrichment.catch_up("ann")
    assert sum(room["size"] for room in service.get("/people/ann/palace/rooms").json()["rooms"]) == 40
    page = service.get("/people/ann/palace/memories", params={"limit": 30}).json()
    assert [spot["seq"] for spot in page["memories"]] == list(range(1, 31))
    assert page["next"] == 30
    at = ",".join(map(str, page["memories"][0]["at"]))
    near = service.get("/people/ann/palace/near", params={"at": at, "k": 1}).json()["memories"]
    assert near[0]["at"] == page["memories"][0]["at"]
    assert service.get("/people/ann/palace/near", params={"at": at, "radius": 1e5}).json()["memories"]
    box = service.get("/people/ann/palace/box", params={"low": "-1e9,-1e9,-1e9", "high": "1e9,1e9,1e9"})
    assert len(box.json()["memories"]) == 40
    assert [t["tier"] for t in service.get("/people/ann/palace/tiers").json()["tiers"]]
    assert service.get("/people/ann/archaeology/gaps").json().keys() == {"gaps"}
    assert "topics" in service.get("/people/ann/archaeology/patterns").json()
    for bad in ("near?at=1,2", "near?at=1,2,x", "near?at=1,2,inf", "rooms?kind=cellar", "box?low=1,2,3"):
        assert service.get(f"/people/ann/palace/{bad}").status_code == 422, bad
    service.put("/flags/palace", json={"killed": True})
    assert service.get("/people/ann/palace/rooms").status_code == 409
    assert service.get("/people/nobody/archaeology/gaps").status_code == 404


def test_the_mirror_is_seen_corrected_and_turned_off(service: TestClient, node: CompanionNode) -> None:
    for number in range(60):
        text = f"honestly I would rather cook pasta at home :) {number}"
        service.post("/people/ann/messages", json={"text": text, "at_us": number * 60_000_000, "k": 0})
    node.enrichment.catch_up("ann")
    shown = service.get("/people/ann/mirror").json()
    assert (shown["on"], shown["messages"]) == (True, 60)
    corrected = service.post("/people/ann/mirror/corrections", json={"aspect": "topics", "value": "bread"})
    aspects = {aspect["name"]: aspect for aspect in corrected.json()["aspects"]}
    assert aspects["topics"]["corrected"] == "bread"
    assert service.post("/people/ann/mirror/corrections", json={"aspect": "size"}).status_code == 422
    asked = {"turns": [{"text": "What shall we eat?"}], "candidates": ["pasta at home :)", "A dissertation."]}
    assert len(service.post("/people/ann/mirror/replies", json=asked).json()["replies"]) == 2
    author = service.post("/people/ann/mirror/same-author", json={"texts": ["I would rather cook :)"]})
    assert author.json().keys() >= {"probability", "likeness"}
    made = {"context": {"raining": True}, "choice": "stay", "at": "2026-11-20T18:30:00Z"}
    for _ in range(20):
        assert service.post("/people/ann/mirror/decisions", json=made).json() == {"learned": True}
    foretold = service.post("/people/ann/mirror/foretold", json={"context": {"raining": True}}).json()
    assert foretold["choice"] in ("stay", None)
    assert service.put("/people/ann/mirror", json={"on": False}).json()["on"] is False
    assert service.post("/people/ann/mirror/replies", json=asked).status_code == 409
    assert service.get("/people/ann/mirror").json()["messages"] == 0
    assert service.put("/people/ann/mirror", json={"on": True}).json()["on"] is True
    for path, body in (
        ("decisions", {"context": {}}),
        ("same-author", {"texts": []}),
        ("replies", {"turns": []}),
    ):
        assert service.post(f"/people/ann/mirror/{path}", json=body).status_code == 422


def test_canaries_are_nobody_to_the_api(service: TestClient, node: CompanionNode) -> None:
    Canaries(node.homeostat, node.companion, people=1).plant()
    service.post("/people/ann/messages", json={"text": TEXT})
    assert service.get("/people").json() == {"people": ["ann"], "next": None}
    for method, path in (("GET", ""), ("GET", "/messages"), ("DELETE", "")):
        assert service.request(method, f"/people/homeostat.canary.0{path}").status_code == 403


def test_no_answer_stays_in_a_cache(service: TestClient) -> None:
    for path in ("/people/ann", "/nothing", "/healthz"):
        headers = service.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


def served(client: TestClient) -> set[tuple[str, str]]:
    """Return method and path of all routes of the API; pages are not among them."""
    return {
        (method, route.path.replace(":path", ""))
        for route in client.app.routes  # type: ignore[attr-defined]
        if isinstance(route, Route) and route.path.startswith(API)
        for method in (route.methods or set()) - {"HEAD"}
    }


def test_everything_that_is_served_is_described(bare: TestClient) -> None:
    described = bare.get("/openapi.json").json()
    told = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert told == served(bare) - {("GET", "/openapi.json")}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
    for table in (BODIES, ANSWERS, MEDIA):
        assert set(table) <= told
    assert {("GET", path) for path in QUERIES} <= told


def test_every_route_stands_in_the_reference(bare: TestClient) -> None:
    page = Path(__file__).parents[3].joinpath("docs/reference/companion-api.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([A-Z]+) (/[^`]*)` \|", page, re.MULTILINE))
    assert rows == served(bare)


def test_bodies_beyond_the_budget_are_put_off(service: TestClient) -> None:
    budget: Budget = service.app.state.bodies  # type: ignore[attr-defined]
    budget.take(IN_FLIGHT_BYTES)
    for path, body in (("messages", b'{"text": "a"}'), ("messages/bulk", b'{"text": "a"}\n')):
        answer = service.post(f"/people/ann/{path}", content=body)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    budget.give_back(IN_FLIGHT_BYTES)
    assert service.post("/people/ann/messages", json={"text": "a"}).status_code == 201
    assert budget.used_bytes == 0


class Broken(ByWords):
    """A finder that fails with a person's words in its error."""

    def find(self, memory: Memory, text: str, *args: object, **more: object) -> list[Hit]:
        """Fail."""
        raise KeyError(text)


def test_an_error_that_nobody_foresaw_names_its_place_and_no_words(
    service: TestClient, node: CompanionNode, caplog: pytest.LogCaptureFixture
) -> None:
    node.companion._finder = Broken()
    answer = service.post("/people/ann/messages", json={"id": "m1", "text": "swordfish"})
    assert answer.status_code == 500
    assert "KeyError at test_api.py" in answer.json()["error"]
    assert "swordfish" not in answer.text + caplog.text
    assert service.get("/people/ann/messages/m1").status_code == 200


def test_names_that_are_no_utf8_are_refused_and_not_taken_for_one(service: TestClient) -> None:
    for name in ("M%FCller", "M%F6ller", "%ED%A0%80", "%EF%BF%BD"):
        answer = service.post(f"/people/{name}/messages", json={"text": TEXT})
        assert (answer.status_code, "no UTF-8" in answer.json()["error"]) == (422, True)
    assert service.get("/people").json()["people"] == []


def test_who_is_forgotten_while_a_bulk_comes_in_stays_forgotten(
    service: TestClient, node: CompanionNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = node.companion.receive_many

    def forgotten_after(person: str, messages: Sequence[NewMessage]) -> list[int]:
        seqs = kept(person, messages)
        assert node.forget(person, "another")
        return seqs

    monkeypatch.setattr(node.companion, "receive_many", forgotten_after)
    lines = [json.dumps({"id": f"m{number}", "text": f"number {number}"}) for number in range(1_200)]
    answer = service.post("/people/ann/messages/bulk", content="\n".join(lines))
    assert answer.status_code == 404
    assert "forgotten while messages came in" in answer.json()["error"]
    assert service.get("/people/ann").status_code == 404
