"""Claims about the pages: what they show is the person's own, escaped, filtered as asked, told in words."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.pages.archaeology import time_line
from homeostat.app.companion.pages.palace_request import palace_request
from homeostat.companion.flags import Setting
from homeostat.companion.message import NewMessage
from homeostat.core.errors import InputError

TokenOf = Callable[..., str]


def seqs(page: str) -> list[int]:
    found = re.search(r'data-found="([^"]*)"', page)
    assert found is not None
    return [int(seq) for seq in found[1].split()]


def test_the_overview_counts_what_is_held_and_offers_to_take_it_along(ann: TestClient) -> None:
    page = ann.get("/").text
    assert "641 memories" in page
    assert 'href="/people/me/export"' in page
    assert "Forget everything" in page
    export = ann.get("/people/me/export")
    assert export.headers["content-type"] == "application/zip"


def test_the_palace_lists_its_rooms_with_counts_that_add_up(ann: TestClient, node: CompanionNode) -> None:
    page = ann.get("/palace").text
    counts = re.findall(r'<span class="quiet">([\d,]+)<span class="hidden"> memories', page)
    assert sum(int(count.replace(",", "")) for count in counts) == 641
    with node.people.open("ann") as memory:
        assert len(counts) == len(node.palace.rooms(memory))


def test_the_points_are_all_memories_with_their_rooms(ann: TestClient) -> None:
    points = ann.get("/palace/points").json()
    assert points["seq"] == list(range(1, 642))
    assert {len(points[column]) for column in ("x", "y", "z", "room", "strength", "at_ms")} == {641}
    assert max(points["room"]) < len(points["rooms"])


def test_a_search_stands_as_a_list_whose_scores_are_explained(ann: TestClient) -> None:
    page = ann.get("/palace", params={"q": "trams in Lisbon"}).text
    assert len(seqs(page)) == 12
    assert "Lisbon" in page[page.index("data-found") :]
    assert re.search(r"<b>score [\d.]+</b>.*words [\d.]+", page)


def test_a_room_and_the_neighbours_of_a_memory_are_lists_too(ann: TestClient) -> None:
    page = ann.get("/palace").text
    room = html.unescape(re.findall(r'href="(/palace\?room=[^"]+)"', page)[0])
    inside = seqs(ann.get(room).text)
    assert inside
    near = seqs(ann.get("/palace", params={"near": inside[0]}).text)
    assert inside[0] in near
    assert len(near) == 11
    box = ann.get("/palace", params={"near": inside[0], "by": "box"}).text
    assert inside[0] in seqs(box)


def test_the_filters_hold_for_the_list_the_room_and_the_plot(ann: TestClient, node: CompanionNode) -> None:
    page = ann.get("/palace").text
    author = re.search(r'<option value="(person-\d+)">Ben</option>', page)
    assert author is not None
    points = ann.get("/palace/points", params={"author": author[1]}).json()
    with node.people.open("ann") as memory:
        bens = {m.seq for m in memory.reading.after(0, 1_000) if m.author == "Ben"}
        day = memory.reading.after(100, 1)[0]
    assert set(points["seq"]) == bens
    assert set(seqs(ann.get("/palace", params={"author": author[1], "q": "bread"}).text)) <= bens
    text = datetime.fromtimestamp(day.at_us / 1e6, UTC).date().isoformat()
    of_day = ann.get("/palace/points", params={"begin": text, "end": text}).json()
    assert day.seq in of_day["seq"]
    assert len(of_day["seq"]) <= 20
    assert of_day["all"] == 641


@pytest.mark.parametrize(
    "query",
    [
        {"begin": "yesterday"},
        {"begin": "2024-02-01", "end": "2024-01-01"},
        {"room": "topic-99999"},
        {"author": "<script>"},
        {"near": "99999"},
        {"near": "-1"},
        {"end": "9999-12-31"},
    ],
)
def test_what_cannot_be_shown_is_said_in_words(ann: TestClient, query: dict[str, str]) -> None:
    answer = ann.get("/palace", params=query)
    assert answer.status_code == 400
    assert "<script>" not in answer.text
    assert "Back to the overview" in answer.text


def test_hostile_texts_authors_and_talks_stay_texts_on_every_page(
    ann: TestClient, hostile: str, node: CompanionNode
) -> None:
    with node.people.open("ann") as memory:
        node.mirror.correct(memory, "mood", hostile)
    paths = (
        "/",
        "/palace?near=641",
        "/palace?q=stolen",
        "/palace?q=" + "%3Cscript%3Ewindow.stolen",
        "/mirror",
        "/archaeology?before=641&after=0",
    )
    for path in paths:
        page = ann.get(path).text
        assert "<script>window" not in page, path
        assert "<img src=x" not in page, path
    assert html.escape(hostile, quote=False)[:30] in ann.get("/palace?near=641").text
    replied = ann.post("/mirror/replies", data={"said": hostile}).text
    assert "<script>window" not in replied
    with node.people.open("ann") as memory:
        node.mirror.correct(memory, "mood", None)


def test_a_hostile_name_of_a_person_stays_a_name(
    browser: TestClient, token_of: TokenOf, node: CompanionNode
) -> None:
    name = '"><script>alert(1)</script>'
    node.companion.receive_many(name, [NewMessage(id="1", text="hello", at_us=1)])
    browser.post("/login", data={"token": token_of(None)})
    browser.post("/person", data={"person": name})
    for path in ("/", "/palace", "/mirror", "/archaeology", "/dreams"):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text


def test_what_was_learned_can_be_corrected_and_taken_back(ann: TestClient) -> None:
    answer = ann.post("/mirror/correction", data={"aspect": "topics", "value": "sailing, mostly"})
    assert "sailing, mostly" in answer.text
    assert "your own word" in answer.text
    assert "sailing" not in ann.post("/mirror/correction", data={"aspect": "topics", "value": " "}).text
    assert ann.post("/mirror/correction", data={"aspect": "nose", "value": "x"}).status_code == 400


def test_the_mirror_is_turned_off_and_on_by_its_person(ann: TestClient, node: CompanionNode) -> None:
    off = ann.post("/mirror/switch", data={"on": "false"}).text
    assert "The mirror is off" in off
    assert "What is held" not in off
    assert ann.post("/mirror/replies", data={"said": "hello"}).status_code == 409
    assert "Turn the mirror off" in ann.post("/mirror/switch", data={"on": "true"}).text
    assert node.enrichment.catch_up("ann")


def test_likely_replies_are_told_with_how_sure_they_are(ann: TestClient) -> None:
    page = ann.post("/mirror/replies", data={"said": "how was the guitar lesson?"}).text
    assert re.search(r"[\d.]+% probable", page)


def test_a_gap_stands_on_the_line_of_time_and_what_is_reconstructed_says_so_each_time(
    ann: TestClient,
) -> None:
    page = ann.get("/archaeology").text
    assert 'class="gap"' in page
    link = re.search(r'href="(/archaeology\?before=(\d+)&amp;after=(\d+))#found"', page)
    assert link is not None
    assert (int(link[2]), int(link[3])) == (320, 321)
    found = ann.get(html.unescape(link[1])).text
    part = found[found.index('class="reconstructed"') : found.index("Looked at")]
    assert part.count('class="stamp">reconstructed<') == 1 + part.count("said at another time<")
    assert part.count("said at another time<") > 0


def test_the_line_of_time_has_a_bar_where_something_was_said() -> None:
    line = time_line([0, 0, 10 * 60_000_000, 100 * 60_000_000], [])
    assert line is not None
    assert [round(bar.height, 2) for bar in line.bars] == [1.0, 0.5, 0.5]
    assert all(0 <= bar.at < 1 for bar in line.bars)
    assert time_line([], []) is None
    assert time_line([5, 5, 5], []) is None


def test_a_request_keeps_its_filters_in_each_of_its_links() -> None:
    asked = palace_request({"author": "person-1", "begin": "2026-01-02", "q": "x"})
    assert asked.link(room="topic-3") == "/palace?author=person-1&begin=2026-01-02&room=topic-3"
    assert asked.points == "/palace/points?author=person-1&begin=2026-01-02"
    assert asked.end_us is None
    with pytest.raises(InputError, match="must be a day"):
        palace_request({"end": "2026-13-01"})


def test_who_said_nothing_yet_is_told_how_to_begin(browser: TestClient, token_of: TokenOf) -> None:
    browser.post("/login", data={"token": token_of("newcomer")})
    for path in ("/", "/palace", "/mirror", "/archaeology", "/dreams"):
        page = browser.get(path).text
        assert "Nothing is remembered yet" in page
        assert "homeostat companion import" in page


def test_a_feature_that_is_off_by_its_flag_says_so(ann: TestClient, node: CompanionNode) -> None:
    before = node.flags.all()["palace"]
    node.flags.set("palace", Setting(killed=True))
    try:
        answer = ann.get("/palace")
        assert (answer.status_code, "off for this person" in answer.text) == (409, True)
        assert ann.get("/").status_code == 200
    finally:
        node.flags.set("palace", before)


def test_everything_is_forgotten_once_it_was_typed_that_this_is_meant(
    browser: TestClient, token_of: TokenOf, node: CompanionNode
) -> None:
    node.companion.receive_many("gone", [NewMessage(id="1", text="hello", at_us=1)])
    browser.post("/login", data={"token": token_of("gone")})
    assert browser.post("/forget", data={"sure": "maybe"}).status_code == 400
    assert node.companion.extent("gone").count == 1
    assert "Everything is forgotten" in browser.post("/forget", data={"sure": "Forget"}).text
    assert "gone" not in node.people.names("", 100)
    assert browser.get("/", follow_redirects=False).status_code == 303
