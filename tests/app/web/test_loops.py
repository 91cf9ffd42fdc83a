"""Claims about the pages and the API of loops: the ledger as a story, knobs, hormones, orders."""

import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import numpy as np
import pytest
from starlette.testclient import TestClient

from homeostat.app.web.app import create_app
from homeostat.app.web.interval_bar import interval_bar, scale_of
from homeostat.app.web.ledger_rows import EffectRow, effect_row
from homeostat.core.batch import Batch
from homeostat.core.change import Change, Move
from homeostat.core.clock import SECOND_NS, SystemClock
from homeostat.core.interval import Interval
from homeostat.core.knob import Integers, Knob, Scope
from homeostat.core.metric import Better, Kind
from homeostat.core.objective import Guardrail, Measure, Objective, Summary, Term
from homeostat.core.order import Mode
from homeostat.core.plant import Outcomes, Steering
from homeostat.core.proof import Decision, Effect, GuardrailCheck, Proof
from homeostat.core.series import SeriesKey
from homeostat.core.verdict import State
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.governing import Governing
from homeostat.loop.governing.published import (
    Published,
    PublishedAdvice,
    PublishedKnob,
    PublishedPattern,
    PublishedTrial,
    publish,
)
from homeostat.loop.policy.policy import Policy
from homeostat.prove.ledger import notes
from homeostat.prove.ledger.entry import EntryKind, LedgerEntry, entry_after
from homeostat.prove.ledger.records import record_of
from homeostat.testing.eventually import until
from homeostat.testing.small_node import SmallNode
from homeostat.testing.store_contract import point

BASE = "http://127.0.0.1:4318"
CHANGE = Change(
    (Move("layers", 6, 5),),
    "climb",
    "the model <queues>",
    ("p95 is 412 ms",),
    Interval(-0.4, -0.1, 0.95),
)
QUALITY = Effect("mean of quality", 0.95, 0.949, -0.001, Interval(-0.004, 0.002, 0.975))
DURATION = Effect("p95 of duration", 412.0, 255.0, -0.38, Interval(-0.44, -0.31, 0.95))


def proof(decision: Decision, now_ns: int, state: State = State.WITHIN) -> Proof:
    check = GuardrailCheck("mean of quality worse by at most 1%", state, QUALITY)
    reason = "proven better" if decision is Decision.KEEP else "a guardrail is broken"
    begin_ns = now_ns - 90 * SECOND_NS
    return Proof(decision, reason, DURATION, (DURATION,), (check,), 4_011, 4_103, begin_ns, now_ns, "divided")


def published(service: str, now_ns: int, mode: Mode = Mode.ACT) -> Published:
    knobs = (
        PublishedKnob("layers", 5, 6, "1 to 8", "request", False, "of the <prompt>", (4,), 1, 8),
        PublishedKnob("cached", False, False, "False, True", "request", True, ""),
        PublishedKnob("model", "small", "small", "small, large", "process", False, ""),
        PublishedKnob("heat", 0.7, 0.7, "0 to 1.5", "request", False, "", (), 0.0, 1.5, unread=True),
    )
    trial = PublishedTrial(
        "trial-2", "layers 5 → 4", "climb", "it pays", False, 0.63, "810 requests", "2,000 requests"
    )
    held = PublishedTrial("trial-1", "layers 6 → 5", "climb", "it pays", True, 0.1, "still better")
    advice = PublishedAdvice(
        "model small → large", "climb", "not tried yet.", (), (-0.2, 0.05), {"model": "large"}
    )
    levels = {"dopamine": 0.85, "cortisol": 0.1, "norepinephrine": 0.0, "serotonin": 0.5, "growth": 0.0}
    return Published(
        service,
        now_ns,
        1,
        mode,
        "p95 of duration",
        "normal",
        9.0,
        knobs,
        (trial, held),
        (advice,),
        (),
        levels,
        {"heat 0.7 → 1.2": "it would need <30> days"},
        (PublishedPattern("duration", "tokens > 40,000", "tokens > 40,000: 25% more", 0.25, 0.1, 0.4, 212),),
    )


def book_of(node: SmallNode, service: str) -> Book:
    return Book(keep=lambda entry: node.store.write(Batch(records=(record_of(entry, service),))))


def told(node: SmallNode, service: str = "web") -> None:
    """Let a loop have kept a change and rolled one back, and be running."""
    now_ns = node.clock.now_ns()
    book = book_of(node, service)
    book.write(notes.proposed(CHANGE), now_ns - 200 * SECOND_NS)
    book.write(notes.decided("trial-1", CHANGE, proof(Decision.KEEP, now_ns)), now_ns - 60 * SECOND_NS)
    worse = Change((Move("heat", 0.7, 0.9),), "climb", "to see")
    back = proof(Decision.ROLL_BACK, now_ns, State.VIOLATED)
    book.write(notes.decided("trial-0", worse, back), now_ns - 30 * SECOND_NS)
    publish(node.store, published(service, now_ns))


@pytest.fixture
def talking(node: SmallNode, client: TestClient) -> TestClient:
    told(node)
    client.follow_redirects = False
    return client


def page(client: TestClient, path: str) -> str:
    return html.unescape(client.get(path).text)


@pytest.mark.parametrize("path", ["/experiments", "/knobs", "/hormones"])
def test_without_a_loop_a_page_says_how_to_begin(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "hs.govern(" in answer.text
    assert "data-mode-menu></div>" in answer.text


def test_the_ledger_is_a_story_with_reason_effect_guardrails_and_who_decided(talking: TestClient) -> None:
    found = page(talking, "/experiments")
    assert "&lt;queues&gt;" in talking.get("/experiments").text
    for words in (
        "kept",
        "layers 6 → 5",
        "by climb",
        "the model <queues>",
        "p95 is 412 ms",
        "predicted −40% to −10%",
        "−38% (−44% to −31%)",
        "mean of quality worse by at most 1%",
        "n 4,103 with it, 4,011 without",
        "All 3 entries are as they were written",
    ):
        assert words in found, words
    assert found.index("#3 ·") < found.index("#2 ·") < found.index("#1 ·")
    assert "▲</span> violated" in found


def test_what_is_tried_watched_and_recommended_stands_above_it(talking: TestClient) -> None:
    found = page(talking, "/experiments")
    assert 'value="63"' in found
    for words in (
        "810 requests",
        "Told before it began: 2,000 requests",
        "still better",
        "not tried yet",
        "−20% to +5%",
        'name="set:model"',
        "it would need <30> days",
        "is worse where tokens > 40,000: 25% more",
    ):
        assert words in found, words
    assert "nobody reads it" in page(talking, "/knobs")


def test_only_what_can_be_undone_has_a_button(talking: TestClient) -> None:
    buttons = re.findall(r'name="number" value="(\d+)"', talking.get("/experiments").text)
    assert buttons == ["2"]
    entries = talking.get("/api/ledger").json()["entries"]
    assert [e["number"] for e in entries if e["undoable"]] == [2]


def test_a_loop_that_does_not_run_has_no_buttons_and_no_mode(node: SmallNode, client: TestClient) -> None:
    told(node)
    publish(node.store, published("web", node.clock.now_ns() - 60 * SECOND_NS))
    for path in ("/experiments", "/knobs", "/"):
        found = client.get(path).text
        assert "/loops/order" not in found, path
    assert "does not run now" in page(client, "/knobs")
    assert client.get("/api/loops/web").json()["alive"] is False


def test_an_altered_entry_is_named_on_the_page_and_in_the_api(node: SmallNode, client: TestClient) -> None:
    told(node)
    entry = client.get("/api/ledger").json()["entries"][1]
    assert client.get("/api/ledger").json()["broken"] is None
    forged = msgspec.convert({**entry, "time_ns": entry["time_ns"] + 1}, LedgerEntry)
    node.store.write(Batch(records=(record_of(forged, "web"),)))
    node.clock.advance(601)  # type: ignore[attr-defined]
    assert "entry 2 was altered" in client.get("/api/ledger").json()["broken"]
    assert "cannot be trusted" in page(client, "/experiments")


def test_new_entries_are_read_alone_and_a_forged_one_among_them_is_named(
    node: SmallNode, client: TestClient
) -> None:
    told(node)
    assert client.get("/api/ledger").json()["total"] == 3
    now_ns = node.clock.now_ns()
    last = msgspec.convert(client.get("/api/ledger").json()["entries"][-1], LedgerEntry)
    fourth = entry_after(last, notes.said(EntryKind.MODE, "ann", "to see"), now_ns)
    node.store.write(Batch(records=(record_of(fourth, "web"),)))
    found = client.get("/api/ledger").json()
    assert (found["total"], found["head"], found["broken"]) == (4, fourth.hash, None)
    forged = msgspec.structs.replace(entry_after(fourth, fourth.note, now_ns + 1), previous="0" * 64)
    node.store.write(Batch(records=(record_of(forged, "web"),)))
    assert "entry 5 does not follow" in client.get("/api/ledger").json()["broken"]


def test_what_cannot_be_read_at_all_is_said_and_not_a_crash(node: SmallNode, client: TestClient) -> None:
    told(node)
    record = record_of(LedgerEntry(9, node.clock.now_ns(), notes.said(EntryKind.MODE, "x", "y")), "web")
    node.store.write(Batch(records=(msgspec.structs.replace(record, body=b"{"),)))
    assert "cannot be read" in page(client, "/experiments")


def test_the_chain_can_be_checked_by_whoever_asks_the_api(talking: TestClient) -> None:
    found = talking.get("/api/ledger?after=0").json()
    entries = [msgspec.convert(e, LedgerEntry) for e in found["entries"]]
    assert [e.hash for e in entries] == [e.hash_due for e in entries]
    assert entries[-1].hash == found["head"]
    assert [e["number"] for e in talking.get("/api/ledger?after=1&limit=1").json()["entries"]] == [2]
    assert [e["number"] for e in talking.get("/api/ledger?limit=1").json()["entries"]] == [3]
    assert talking.get("/api/ledger?after=many").status_code == 400


def test_a_long_ledger_comes_in_pages_of_fifty(node: SmallNode, client: TestClient) -> None:
    book = book_of(node, "web")
    for i in range(120):
        book.write(notes.said(EntryKind.MODE, "ann", f"reason {i}"), node.clock.now_ns() + i)
    publish(node.store, published("web", node.clock.now_ns()))
    first, last = page(client, "/experiments"), page(client, "/experiments?offset=100")
    assert first.count('id="entry-') == 50
    assert "1 to 50 of 120" in first
    assert "/experiments?offset=50" in first
    assert last.count('id="entry-') == 20
    assert "reason 0." not in last
    assert "reason 0" in last


def test_the_sentence_goes_on_with_what_is_tried_on_the_page_and_in_the_api(talking: TestClient) -> None:
    assert talking.get("/api/overview").json()["sentence"].endswith("Trying: layers 5 → 4, 63% decided.")


def test_the_overview_tells_the_newest_changes_and_marks_them_on_the_axis(
    node: SmallNode, client: TestClient
) -> None:
    now_ns = node.clock.now_ns() // SECOND_NS * SECOND_NS
    key = SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"operation": "answer", "service": "web"})
    points = [point(key, now_ns - back * SECOND_NS, [100.0]) for back in range(300, 0, -2)]
    node.store.write(Batch(points=tuple(points)))
    told(node)
    found = page(client, "/")
    assert '<a href="/experiments">Trying: layers 5 → 4, 63% decided.</a></h1>' in found
    card = found[found.index('id="changes"') :]
    assert card.index("heat 0.7 → 0.9") < card.index("layers 6 → 5")
    assert "p95 of duration −38% (−44% to −31%)" in card
    events = client.get("/api/events").json()["events"]
    assert [(e["sign"], e["kind"]) for e in events] == [("■", "trial kept"), ("□", "rolled back")]
    assert "▲</span> broken: mean of quality −0.1%" in card
    assert events[1]["words"].endswith("broken: mean of quality −0.1% (−0.4% to +0.2%)")
    assert events[0]["words"] == "layers 6 → 5: p95 of duration −38% (−44% to −31%)"


def test_with_several_loops_one_is_chosen(node: SmallNode, client: TestClient) -> None:
    told(node, "web")
    told(node, "batch jobs")
    assert 'href="/experiments?service=batch+jobs"' in client.get("/experiments?service=web").text
    assert client.get("/experiments?service=nothing").status_code == 404
    assert client.get("/api/ledger").status_code == 400
    assert client.get("/api/ledger?service=batch%20jobs").json()["total"] == 3
    assert {s["service"] for s in client.get("/api/loops").json()["loops"]} == {"web", "batch jobs"}
    assert "service=batch" in client.get("/api/events").json()["events"][0]["link"]


def test_hormones_say_what_they_do_now(node: SmallNode, client: TestClient) -> None:
    told(node)
    now_ns = node.clock.now_ns() // SECOND_NS * SECOND_NS
    key = SeriesKey.of("loop.hormone", Kind.GAUGE, "ratio", {"hormone": "dopamine", "service": "web"})
    points = [point(key, now_ns - back * SECOND_NS, [back / 100]) for back in range(60, 0, -5)]
    node.store.write(Batch(points=tuple(points)))
    found = page(client, "/hormones")
    assert "Dopamine <b>0.85</b>" in found
    assert "steps are ×1.2 as long, and the unknown is worth ×1.3 as much" in found
    assert "Does nothing: it acts above 0.6" in found
    effects = client.get("/api/loops/web").json()["hormone_effects"]
    assert effects["dopamine"] in found
    assert effects["cortisol"] == ""
    assert "between 0." in found
    assert found.count('class="chart level"') == 5
    assert "loop.hormone" not in page(client, "/")


def test_each_page_has_the_mode_with_a_kill_switch_that_asks_twice(talking: TestClient) -> None:
    for path in ("/", "/spend", "/experiments", "/alerts"):
        found = talking.get(path).text
        assert "<summary>mode: act</summary>" in found
        switch = found[found.index('<details class="kill">') :]
        assert switch.index("<summary>") < switch.index("Yes, restore all defaults now")


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"order": "pin", "set:layers": "many"}, 400, "takes a number (1 to 8), not 'many'"),
        ({"order": "pin", "set:layers": " "}, 400, "say a value for layers: it takes 1 to 8"),
        ({"order": "pin", "set:depth": "3"}, 400, "there is no knob 'depth'"),
        ({"order": "pin", "set:layers": "3", "set:heat": "1"}, 400, "one knob at a time"),
        ({"order": "try"}, 400, "name a knob with a value"),
        ({"order": "undo", "number": "³"}, 400, "a whole number"),
        ({"order": "mode", "mode": "rush"}, 400, "observe, advise or act, not 'rush'"),
        ({"order": "unpin", "knob": "depth"}, 400, "there is no knob 'depth'"),
        ({"order": "<b>"}, 400, "not '<b>'"),
        ({"order": "mode", "mode": "act", "service": "gone"}, 404, "there is no loop of 'gone'"),
    ],
)
def test_a_form_that_makes_no_sense_says_why_on_the_page(
    talking: TestClient, form: dict[str, str], status: int, said: str
) -> None:
    answer = talking.post("/loops/order", data={"service": "web", **form})
    assert answer.status_code == status
    assert said in html.unescape(answer.text)
    assert "<b>'" not in answer.text
    assert "data-live=" not in answer.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "cannot be understood"),
        ('{"order": "rush", "by": "ann"}', "rush"),
        ('{"order": "unpin", "knob": "layers"}', "by"),
        ('{"order": "unpin", "knob": "layers", "by": ""}', "who gives the order"),
        ('{"order": "unpin", "knob": "depth", "by": "ann"}', "there is no knob 'depth'"),
        ('{"by": "' + "x" * 9_000 + '"}', "more than 8192 bytes"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_remedy(
    talking: TestClient, body: str, said: str
) -> None:
    answer = talking.post("/api/loops/web/orders", content=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert answer.json()["remedy"]


def test_who_may_not_enter_or_comes_from_elsewhere_gives_no_orders(talking: TestClient) -> None:
    order = {"order": "restore", "by": "mallory"}
    elsewhere = {"origin": "https://evil.example"}
    assert talking.post("/api/loops/web/orders", json=order, headers=elsewhere).status_code == 403
    assert talking.post("/loops/order", data=order, headers=elsewhere).status_code == 403
    locked = SmallNode(token="open-sesame")
    told(locked)
    with TestClient(create_app(locked), base_url=BASE) as client:
        assert client.post("/api/loops/web/orders", json=order).status_code == 401
        assert client.post("/loops/order", data=order).status_code == 401
    locked.close()


def test_a_loop_that_does_not_run_takes_no_orders(node: SmallNode, client: TestClient) -> None:
    publish(node.store, published("web", node.clock.now_ns() - 60 * SECOND_NS))
    order = {"order": "mode", "by": "ann", "mode": "act"}
    answer = client.post("/api/loops/web/orders", json=order)
    assert answer.status_code == 409
    assert "does not run now" in answer.json()["error"]
    assert client.post("/api/loops/other/orders", json=order).status_code == 404
    assert "does not run now" in client.post("/loops/order", data={"service": "web", **order}).text
    assert "no loop runs now" in client.post("/loops/order", data={"order": "restore"}).text


def effect(low: float, high: float, relative: bool = True) -> EffectRow:
    return effect_row(Effect("m", 1.0, 1.0, (low + high) / 2, Interval(low, high, 0.95), relative))


def test_a_bar_lies_on_its_side_of_zero_and_says_where_it_goes_on_beyond() -> None:
    left = interval_bar(effect(-0.1, -0.05), 0.2)
    assert 'class="proven" x="30.0"' in left
    assert 'class="open"' in interval_bar(effect(-0.1, 0.05), 0.2)
    assert "beyond" not in left
    wide = interval_bar(effect(-3.0, float("inf")), 0.2)
    assert wide.count("beyond") == 2
    assert 'width="120.0"' in wide
    assert 'class="broken"' in interval_bar(effect(0.01, 0.02), 0.2, State.VIOLATED)
    assert "rect" not in interval_bar(effect_row(Effect("m", None, None, None, None)), 0.2)


def test_most_bars_fit_their_scale_whatever_one_of_them_does() -> None:
    assert scale_of([effect(-0.04, 0.03)] * 9 + [effect(-50.0, 50.0)]) == 0.05
    assert scale_of([effect(-90.0, 4.0, relative=False)]) == 0.2


class Plant:
    """Requests take 10 ms a layer."""

    def __init__(self) -> None:
        self.steering = Steering({})
        self.random = np.random.default_rng(1)

    @property
    def knobs(self) -> Mapping[str, Knob]:
        return {"layers": Knob("layers", 6, Integers(1, 10), scope=Scope.REQUEST)}

    def steer(self, steering: Steering) -> None:
        self.steering = steering

    def outcomes(self) -> tuple[Outcomes, ...]:
        ended_ns = np.full(5, SystemClock().now_ns() - SECOND_NS)
        duration = 10.0 * self.random.normal(6.0, 0.5, 5)
        quality = self.random.normal(0.9, 0.02, 5)
        arms = {s.trial: self.random.integers(0, 2, 5).astype(np.int8) for s in self.steering.splits}
        return (Outcomes(ended_ns, {"duration": duration, "quality": quality}, arms),)


@pytest.fixture
def governed(tmp_path: Path) -> Iterator[TestClient]:
    """A client of a node beside which a loop runs."""
    node = SmallNode(clock=SystemClock(), store=str(tmp_path / "s.db"))
    policy = Policy(
        Objective((Term(Measure("duration")),)),
        (Guardrail(Measure("quality", Summary.MEAN, Better.HIGHER), 0.02),),
        mode=Mode.OBSERVE,
    )
    store, kill = node.store, tmp_path / "s.db.restore"
    loop = Governing(Plant(), policy, "app", lambda: store, False, kill, node.clock, node.losses, 0.02)
    try:
        with TestClient(create_app(node), base_url=BASE, follow_redirects=False) as client:
            until(lambda: bool(client.get("/api/loops").json()["loops"]))
            yield client
    finally:
        loop.close(5.0)
        node.close()


def test_orders_over_the_api_are_answered_with_what_the_ledger_says(governed: TestClient) -> None:
    def give(**order: object) -> tuple[int, str]:
        answer = governed.post("/api/loops/app/orders", json={"by": "ann", **order})
        return answer.status_code, answer.json().get("words", answer.json().get("error"))

    assert give(order="mode", mode="act") == (200, "mode by ann: the mode is act from now on")
    code, words = give(order="pin", knob="layers", value=4)
    assert (code, words) == (200, "pinned by ann: layers 6 → 4, pinned by hand")
    code, words = give(order="pin", knob="layers", value=99)
    assert code == 409
    assert "99 is no whole number from 1 to 10" in words
    assert give(order="pin", knob="layers", value=4) == (
        200,
        "pinned by ann: layers 4 → 4, pinned by hand",
    )
    assert give(order="unpin", knob="layers")[0] == 200
    number = governed.get("/api/ledger").json()["total"]
    code, words = give(order="undo", number=number)
    assert code == 409
    assert "changed no knob" in words
    assert give(order="restore")[0] == 200
    assert governed.get("/api/loops/app").json()["mode"] == "observe"


def test_forms_are_obeyed_and_lead_to_what_the_ledger_says(governed: TestClient) -> None:
    def give(**form: str) -> str:
        answer = governed.post("/loops/order", data=form)
        assert answer.status_code == 303, answer.text
        return html.unescape(governed.get(answer.headers["location"]).text)

    found = give(order="pin", service="app", back="/knobs", **{"set:layers": "3"})
    assert "The ledger says:" in found
    assert "pinned by the page: layers 6 → 3" in found
    found = give(order="pin", service="app", back="/knobs", **{"set:layers": "99"})
    assert "The loop refused:" in found
    assert "99 is no whole number from 1 to 10" in found
    number = governed.get("/api/ledger").json()["entries"][0]["number"]
    assert "undone by the page: layers 3 → 6" in give(order="undo", number=str(number))
    assert "the mode is advise" in give(order="mode", mode="advise", service="app")
    assert "the page tries layers 6 → 2" in give(order="try", service="app", **{"set:layers": "2"})
    found = give(order="restore", back="https://evil.example")
    assert "the mode is observe from now on" in found
    assert "rolled back: layers 6 → 2 (trial-1), the page sets a knob of it" in found
    assert "mode: observe" in found
