"""Dreams over the API: asked for, watched, steered, stopped; who may, and what nobody may."""

import asyncio
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from homeostat.app.companion.node import CompanionNode
from homeostat.companion.access.grant import Scope
from homeostat.companion.canaries import canary
from homeostat.companion.dream.nights import NEW_MIN, NOTE
from homeostat.companion.dream.scene import How
from homeostat.companion.flags import Setting
from homeostat.companion.message import NewMessage
from homeostat.testing.dreamers import LIFE
from homeostat.testing.eventually import until

DREAMS = "/people/ann/dreams"


@pytest.fixture
def ann(node: CompanionNode, service: TestClient) -> TestClient:
    """A client, after ann has said something and wants dreams."""
    now_us = node.clock.now_ns() // 1_000
    said = [NewMessage(id=f"m{n}", text=text, at_us=now_us + n) for n, text in enumerate(LIFE)]
    node.companion.receive_many("ann", said)
    assert service.put(f"{DREAMS}/wishes", json={"consent": True}).status_code == 200
    return service


def lines(service: TestClient, after: int = 0) -> list[dict[str, Any]]:
    """Watch to the end."""
    with service.stream("GET", f"{DREAMS}/now", params={"after": after}) as answer:
        assert answer.status_code == 200
        return [json.loads(line) for line in answer.iter_lines()]


def test_a_dream_is_asked_for_and_watched_and_stands_in_the_diary(ann: TestClient) -> None:
    begun = ann.post(DREAMS, json={"shape": "circular", "follow": ["bread"]})
    assert begun.status_code == 201
    events = lines(ann)
    assert [event["kind"] for event in events if event["kind"] != "dream.scene"] == [
        "dream.stage",
        "dream.stage",
        "dream.replay",
        "dream.stage",
        "dream.stage",
        "dream.stage",
        "dream.end",
    ]
    scenes = [event for event in events if event["kind"] == "dream.scene"]
    assert len(scenes) == events[-1]["scenes"] == 6
    assert all(claim["sources"] for scene in scenes for claim in scene["claims"])
    (dream,) = ann.get(DREAMS).json()["dreams"]
    assert dream["kind"] == "dream"
    assert dream["name"] == begun.json()["name"]
    assert dream["scenes"] == scenes
    assert lines(ann, after=len(events) - 1) == events[-1:]
    assert ann.delete(f"{DREAMS}/{dream['name']}").status_code == 204
    assert ann.get(DREAMS).json() == {"dreams": []}


def test_a_dream_is_steered_and_stopped_at_once(ann: TestClient) -> None:
    assert ann.post(DREAMS, json={"pace_s": 30}).status_code == 201
    twice = ann.post(DREAMS, json={})
    assert twice.status_code == 409
    assert "DELETE stops it" in twice.json()["remedy"]
    steered = ann.post(f"{DREAMS}/now", json={"shape": "fragmented", "avoid": ["guitar"]})
    assert steered.json() == {"shape": "fragmented", "follow": [], "avoid": ["guitar"]}
    assert ann.delete(f"{DREAMS}/now").status_code == 204
    assert lines(ann)[-1]["how"] == "stopped"


def test_without_consent_none_begins_and_taking_it_back_clears_the_diary(
    node: CompanionNode, ann: TestClient
) -> None:
    ann.post(DREAMS, json={})
    lines(ann)
    assert ann.get(DREAMS).json()["dreams"]
    assert ann.put(f"{DREAMS}/wishes", json={"consent": False}).json()["consent"] is False
    assert ann.get(DREAMS).json() == {"dreams": []}
    refused = ann.post(DREAMS, json={})
    assert refused.status_code == 409
    assert "has not said" in refused.json()["error"]
    assert "dreams off" in [entry.about for _, entry in node.audit.newest(10)]


def test_a_trigger_that_is_named_later_goes_from_the_diary_too(ann: TestClient) -> None:
    for _ in range(3):
        ann.post(DREAMS, json={"follow": ["guitar"]})
        lines(ann)
    assert "guitar" in ann.get(DREAMS).text
    wishes = ann.put(f"{DREAMS}/wishes", json={"triggers": ["guitars"]}).json()
    assert wishes == {"consent": True, "away": True, "shape": "linear", "triggers": ["guitars"]}
    assert "guitar" not in ann.get(DREAMS).text
    ann.post(DREAMS, json={"follow": ["guitar"]})
    assert "guitar" not in json.dumps([e for e in lines(ann) if e["kind"] == "dream.scene"])


@pytest.mark.parametrize("how", ["request", "away"])
def test_a_dream_that_somebody_does_not_wish_for_any_more_ends(
    node: CompanionNode, ann: TestClient, how: How
) -> None:
    async def begun() -> None:
        node.dreams.run_beside(node.dreams.begin("ann", how, pace_s=60.0))

    assert ann.portal is not None
    ann.portal.call(begun)
    ann.put(f"{DREAMS}/wishes", json={"shape": "circular"})
    assert node.dreams.dreaming("ann")
    ann.put(f"{DREAMS}/wishes", json={"away": False})
    assert node.dreams.dreaming("ann") == (how == "request")
    ann.put(f"{DREAMS}/wishes", json={"consent": False})
    assert not node.dreams.dreaming("ann")


def test_access_is_as_for_all_else(node: CompanionNode, ann: TestClient) -> None:
    bob = node.access.issue(frozenset((Scope.READ, Scope.WRITE)), person="bob")[0].text
    reader = node.access.issue(frozenset((Scope.READ,)), person="ann")[0].text
    for method, path in (
        ("GET", DREAMS),
        ("POST", DREAMS),
        ("GET", f"{DREAMS}/now"),
        ("POST", f"{DREAMS}/now"),
        ("DELETE", f"{DREAMS}/now"),
        ("GET", f"{DREAMS}/wishes"),
        ("PUT", f"{DREAMS}/wishes"),
        ("DELETE", f"{DREAMS}/x"),
    ):
        for token, status in ((bob, 403), ("no", 401), (reader, 403 if method != "GET" else None)):
            answer = ann.request(method, path, headers={"authorization": f"Bearer {token}"})
            assert status is None or answer.status_code == status, (method, path, token)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "", {"shape": "square"}, 422),
        ("POST", "", {"pace_s": 1e9}, 422),
        ("POST", "", {"follow": ["x"] * 21}, 422),
        ("POST", "", {"consent": True}, 422),
        ("PUT", "/wishes", {"triggers": ["x"] * 101}, 422),
        ("PUT", "/wishes", {"triggers": [""]}, 422),
        ("POST", "/now", {"shape": "linear"}, 404),
        ("DELETE", "/now", None, 404),
        ("GET", "/now", None, 404),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(
    ann: TestClient, method: str, path: str, body: object, status: int
) -> None:
    answer = ann.request(method, DREAMS + path, json=body)
    assert answer.status_code == status
    assert answer.json()["remedy"]


def test_who_is_away_dreams_by_a_job_once_for_what_is_new(node: CompanionNode, ann: TestClient) -> None:
    assert node.enrichment.catch_up("ann")
    assert node.nights.waiting == 1

    def dreamt() -> bool:
        node.nights.quiet("ann", 0)  # a round of the enrichment may have them wait for longer meanwhile
        return bool(ann.get(DREAMS).json()["dreams"])

    def noted() -> bool:
        with node.people.open("ann") as memory:
            return memory.notes.get(NOTE) is not None

    until(dreamt)
    until(noted)
    (dream,) = ann.get(DREAMS).json()["dreams"]
    assert dream["how"] == "away"
    node.nights.quiet("ann", 0)
    assert ann.portal is not None
    assert ann.portal.call(node.nights.enqueue) == 0, f"fewer than {NEW_MIN} messages are new"


def test_a_trial_gives_dreams_to_some_people_and_not_to_others(node: CompanionNode) -> None:
    node.homeostat.knob_set.pin("companion_dreams", False)
    node.companion.receive_many(canary(0).person, canary(0).messages)
    node.nights.quiet(canary(0).person, 0)
    assert asyncio.run(node.nights.enqueue()) == 0


def test_who_may_have_no_dreams_by_their_flag_has_none_while_they_are_away(
    node: CompanionNode, ann: TestClient
) -> None:
    node.flags.set("dream", Setting(killed=True))
    node.nights.quiet("ann", 0)
    assert asyncio.run(node.nights.enqueue()) == 0


def test_what_no_model_renders_is_said_to_be_so(ann: TestClient) -> None:
    ann.post(DREAMS, json={})
    lines(ann)
    name = ann.get(DREAMS).json()["dreams"][0]["name"]
    for form in ("speech", "picture"):
        answer = ann.get(f"{DREAMS}/{name}/scenes/0/{form}")
        assert answer.status_code == 501
        assert "is set" in answer.json()["error"]


def test_the_page_has_the_diary_with_sources_and_keeps_wishes(node: CompanionNode, ann: TestClient) -> None:
    token = node.access.issue(frozenset((Scope.READ, Scope.WRITE, Scope.FORGET)), person="ann")[0].text
    page = {"authorization": f"Bearer {token}"}
    assert "No dream yet" in ann.get("/dreams", headers=page).text
    ann.post(DREAMS, json={})
    lines(ann)
    shown = ann.get("/dreams", headers=page).text
    assert "1 dream is in the diary" in shown
    assert "/palace?near=" in shown
    assert "dreamed</span>" in shown
    wish = {"consent": "true", "triggers": "spiders\n\n guitar ", "shape": "circular"}
    saved = ann.post("/dreams/wishes", data=wish, headers=page, follow_redirects=False)
    assert saved.status_code == 303
    shown = ann.get("/dreams", headers=page).text
    assert "spiders\nguitar</textarea>" in shown
    assert 'value="circular" selected' in shown
    bad = ann.post("/dreams/wishes", data={"shape": "square"}, headers=page)
    assert bad.status_code == 400
    off = ann.post("/dreams/wishes", data={"shape": "linear"}, headers=page, follow_redirects=True)
    assert "you have not asked for it" in off.text
