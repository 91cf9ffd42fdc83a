"""Claims about imports: each format is told by itself, bad rows are named, and twice is once."""

import csv
import json
import os
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from homeostat.companion.companion import Companion
from homeostat.companion.exchange.formats.reading import Bad, Reading
from homeostat.companion.exchange.importing import FORMATS, format_of, import_rows
from homeostat.companion.message import NewMessage
from homeostat.companion.residents import Residents
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.core.errors import InputError, UnknownPerson
from homeostat.testing.bare_host import BareHost
from homeostat.testing.finder_by_words import ByWords

DATA = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[4] / "shared" / "data"))
MINE = Reading(mine=frozenset(["Ann"]))


@pytest.fixture
def companion(tmp_path: Path) -> Iterator[Companion]:
    people = SqlitePeople(private_folder(tmp_path / "people"), MasterKey(bytes(32)))
    yield Companion(BareHost(), people, ByWords(), Residents(1 << 20))
    people.close()


def read(path: Path, reading: Reading = MINE) -> tuple[list[NewMessage], list[Bad]]:
    rows = list(FORMATS[format_of(path)](path, reading))
    return [r for r in rows if isinstance(r, NewMessage)], [r for r in rows if isinstance(r, Bad)]


def told(messages: list[NewMessage]) -> list[tuple[str, str, bool, int, int, str]]:
    return [(m.author, m.text, m.own, m.at_us, m.offset_min, m.talk) for m in messages]


def file(folder: Path, name: str, content: str | bytes | object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


WHATSAPP = """\u200e[31/12/2023, 23:59:58] Trip: \u200eMessages and calls are end-to-end encrypted.
[31/12/2023, 23:59:59] Ann: Happy new year!
and more: over lines
[01/01/2024, 00:00:01] Bob: You too
[01/01/2024, 00:00:02] Ann left
"""


def test_whatsapp_is_read_with_lines_that_go_on(tmp_path: Path) -> None:
    path = file(tmp_path, "chat.txt", WHATSAPP)
    assert format_of(path) == "whatsapp"
    messages, bad = read(path, Reading(mine=frozenset(["Ann"]), zone=ZoneInfo("Europe/Lisbon"), talk="trip"))
    assert told(messages)[1:] == [
        ("Ann", "Happy new year!\nand more: over lines", True, 1_704_067_199_000_000, 0, "trip"),
        ("Bob", "You too", False, 1_704_067_201_000_000, 0, "trip"),
    ]
    assert bad == []


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("12/31/23, 11:59\u202fPM - Ann: hi", 1_704_067_140),
        ("31.12.23, 23:59 - Ann: hi", 1_704_067_140),
        ("2023-12-31, 23:59 - Ann: hi", 1_704_067_140),
        ("[31/12/23, 11:59:00 pm] Ann: hi", 1_704_067_140),
        ("31/12/2023, 12:05 am - Ann: hi", 1_703_981_100),
    ],
)
def test_whatsapp_of_many_countries_is_understood(tmp_path: Path, line: str, at: int) -> None:
    messages, _ = read(file(tmp_path, "chat.txt", line + "\n"))
    assert [(m.author, m.text, m.at_us) for m in messages] == [("Ann", "hi", at * 1_000_000)]


IRC = """--- Log opened Sat Dec 25 00:00:00 2004
[23:50] <Ann> hello
[23:51] === bob has joined #ubuntu
[23:52] <@bob> Ann: hi there
[00:10] <Ann> past midnight
swordfish
"""


def test_irc_is_read_over_midnight_and_bad_lines_are_named(tmp_path: Path) -> None:
    path = file(tmp_path, "2004-12-25.txt", IRC)
    assert format_of(path) == "irc"
    messages, bad = read(path)
    assert told(messages) == [
        ("Ann", "hello", True, 1_104_018_600_000_000, 0, "2004-12-25"),
        ("bob", "Ann: hi there", False, 1_104_018_720_000_000, 0, "2004-12-25"),
        ("Ann", "past midnight", True, 1_104_019_800_000_000, 0, "2004-12-25"),
    ]
    assert bad == [Bad("line 6", "it is no line of an IRC log")]


def test_irc_of_other_clients_is_understood(tmp_path: Path) -> None:
    path = file(tmp_path, "a.log", "2024-02-03 04:05:06\tAnn\thello\n2024-02-03T04:05:07 <bob> hi\n")
    messages, bad = read(path)
    assert [(m.author, m.text, m.at_us) for m in messages] == [
        ("Ann", "hello", 1_706_933_106_000_000),
        ("bob", "hi", 1_706_933_107_000_000),
    ]
    assert bad == []


def test_json_and_lines_of_json_are_read_with_common_names(tmp_path: Path) -> None:
    rows = [
        {"id": 7, "content": "one", "role": "user", "timestamp": "2024-02-03T04:05:06+01:00"},
        {"text": "two", "sender": "Ann", "time": 1_706_933_106, "thread": "t"},
        {"text": "three", "author": "bob", "at": 1_706_933_106_500},
        {"text": "", "at": 1},
        {"text": "x"},
        {"text": "swordfish", "at": "soon"},
        7,
    ]
    whole = read(file(tmp_path, "a.json", rows))
    lines = read(file(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows)) + "\n{swordfish\n"))
    assert whole[0] == lines[0]
    assert [(m.text, m.own, m.at_us, m.offset_min, m.talk) for m in whole[0]] == [
        ("one", True, 1_706_929_506_000_000, 60, ""),
        ("two", True, 1_706_933_106_000_000, 0, "t"),
        ("three", False, 1_706_933_106_500_000, 0, ""),
    ]
    assert whole[0][0].id == "7"
    assert [b.place for b in whole[1]] == ["entry 4", "entry 5", "entry 6", "entry 7"]
    assert [b.place for b in lines[1]] == ["line 4", "line 5", "line 6", "line 7", "line 8"]
    assert "swordfish" not in str(lines[1])


def test_a_long_field_of_a_csv_is_read_and_the_limit_of_others_is_left_alone(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    text = "long " * 50_000
    (message,), bad = read(file(tmp_path, "long.csv", f"text,at\n{text},2024-02-03 04:05:06\n"))
    assert (message.text.strip(), bad) == (text.strip(), [])
    assert csv.field_size_limit() == before


def test_csv_is_read_by_its_header(tmp_path: Path) -> None:
    text = 'Author;Message;Date\nAnn;"one; and\nmore";2024-02-03 04:05:06\nbob;two;never\n'
    path = file(tmp_path, "a.csv", text)
    messages, bad = read(path)
    assert told(messages) == [("Ann", "one; and\nmore", True, 1_706_933_106_000_000, 0, "")]
    assert [b.place for b in bad] == ["line 4"]
    with pytest.raises(InputError, match="no column"):
        read(file(tmp_path, "b.csv", "a,b\n1,2\n"))


TELEGRAM: dict[str, Any] = {
    "name": "Bob",
    "type": "personal_chat",
    "id": 42,
    "messages": [
        {"id": 1, "type": "service", "date": "2024-02-03T04:05:06", "action": "phone_call", "text": ""},
        {
            "id": 2,
            "type": "message",
            "date": "2024-02-03T05:05:06",
            "date_unixtime": "1706933106",
            "from": "Ann",
            "from_id": "user7",
            "text": ["see ", {"type": "link", "text": "https://a.example"}, "!"],
        },
        {"id": 3, "type": "message", "date": "x", "from": None, "from_id": "user8", "text": "hi"},
    ],
}


def test_telegram_is_read_with_pieces_and_zones(tmp_path: Path) -> None:
    messages, bad = read(file(tmp_path, "result.json", TELEGRAM))
    assert told(messages) == [("Ann", "see https://a.example!", True, 1_706_933_106_000_000, 60, "Bob")]
    assert [b.place for b in bad] == ["message 3"]
    damaged = {**TELEGRAM, "messages": [*TELEGRAM["messages"], {"id": "x", "text": 1}]}
    assert read(file(tmp_path, "damaged.json", damaged))[0] == messages
    account = {"personal_information": {"user_id": 7}, "chats": {"list": [TELEGRAM]}}
    again, _ = read(file(tmp_path, "all.json", account), Reading())
    assert again == messages


def test_slack_is_read_from_a_folder_and_a_zip(tmp_path: Path) -> None:
    export = {
        "users.json": [{"id": "U1", "name": "ann", "profile": {"display_name": "Ann", "real_name": "A"}}],
        "channels.json": [{"id": "C1", "name": "general"}],
        "general/2024-02-03.json": [
            {"type": "message", "user": "U1", "text": "hello", "ts": "1706933106.000200"},
            {"type": "message", "subtype": "channel_join", "user": "U1", "text": "joined", "ts": "1.0"},
            {"type": "message", "user": "U2", "text": "hi", "ts": "never"},
        ],
        "general/2024-02-04.json": "swordfish",
    }
    folder = tmp_path / "export"
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for name, content in export.items():
            zipped.write(file(folder, name, content), name)
    for path in (folder, archive):
        messages, bad = read(path)
        assert told(messages) == [("Ann", "hello", True, 1_706_933_106_000_200, 0, "general")]
        assert [b.place for b in bad] == ["channel general", "general/2024-02-04.json"]
        assert "swordfish" not in str(bad)


def test_a_folder_that_is_no_export_of_slack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no export of Slack"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["chat.json", "chat.jsonl"])
def test_json_that_is_too_deep_is_no_json(tmp_path: Path, name: str) -> None:
    path = file(tmp_path, name, b"[" * 200_000)
    if name == "chat.json":
        with pytest.raises(InputError, match="is no JSON"):
            read(path)
    else:
        assert [b.reason for b in read(path)[1]] == ["it is no JSON"]


def test_json_may_begin_with_the_mark_of_its_byte_order(tmp_path: Path) -> None:
    path = file(tmp_path, "chat.json", b'\xef\xbb\xbf[{"text": "hello", "at": 1700000000}]')
    assert [m.text for m in read(path)[0]] == ["hello"]


def test_who_is_forgotten_while_their_chat_comes_in_stays_forgotten(companion: Companion) -> None:
    def rows() -> Iterator[NewMessage]:
        for number in range(1_200):
            if number == 600:
                companion.forget("ann")
            yield NewMessage(id=f"m{number}", text="hello", at_us=number)

    with pytest.raises(UnknownPerson, match="forgotten while messages came in"):
        import_rows(companion, "ann", rows())
    with pytest.raises(UnknownPerson):
        companion.extent("ann")


def test_discord_is_read_with_its_zones(tmp_path: Path) -> None:
    document = {
        "guild": {"id": "1", "name": "g"},
        "channel": {"id": "2", "name": "talk"},
        "messages": [
            {
                "id": "9",
                "type": "Default",
                "timestamp": "2024-02-03T04:05:06.5+02:00",
                "content": "hello",
                "author": {"id": "3", "name": "ann#1", "nickname": "Ann"},
            },
            {"id": "10", "timestamp": "2024-02-03T04:05:07+02:00", "content": "", "author": {"name": "b"}},
            {"id": "11", "timestamp": "swordfish", "content": "swordfish", "author": {"name": "b"}},
        ],
    }
    messages, bad = read(file(tmp_path, "d.json", document))
    assert told(messages) == [("Ann", "hello", True, 1_706_925_906_500_000, 120, "talk")]
    assert messages[0].id == "discord:9"
    assert bad == [Bad("message 3", "it has not the fields of this format")]


def test_chatgpt_is_read_with_both_sides(tmp_path: Path) -> None:
    def node(id: str, role: str, at: float | None, *parts: object) -> dict[str, object]:
        message = {"id": id, "author": {"role": role}, "create_time": at, "content": {"parts": list(parts)}}
        return {"id": id, "message": message}

    document = [
        {
            "title": "Trip",
            "conversation_id": "c1",
            "create_time": 1_706_933_100.0,
            "mapping": {
                "root": {"id": "root", "message": None},
                "s": node("s", "system", None, "be kind"),
                "b": node("b", "assistant", 1_706_933_107.5, "hello", {"image": 1}, "again"),
                "a": node("a", "user", 1_706_933_106.0, "hi"),
                "e": node("e", "user", None, ""),
                "x": {"id": "x", "message": {"id": 9, "content": "swordfish"}},
            },
        }
    ]
    messages, bad = read(file(tmp_path, "conversations.json", document))
    assert told(messages) == [
        ("user", "hi", True, 1_706_933_106_000_000, 0, "c1"),
        ("assistant", "hello\nagain", False, 1_706_933_107_500_000, 0, "c1"),
    ]
    assert bad == [Bad("message 5 of conversation c1", "it has not the fields of this format")]


def test_importing_twice_is_once_and_a_longer_export_adds_only_what_is_new(
    tmp_path: Path, companion: Companion
) -> None:
    path = file(tmp_path, "2004-12-25.txt", IRC)
    first = import_rows(companion, "ann", FORMATS["irc"](path, MINE))
    assert (first.kept, first.known, first.bad) == (3, 0, 1)
    file(tmp_path, "2004-12-25.txt", IRC + "[00:11] <Ann> more\n[00:11] <Ann> more\n")
    second = import_rows(companion, "ann", FORMATS["irc"](path, MINE))
    assert (second.kept, second.known, second.bad) == (2, 3, 1)
    assert [m.text for m in companion.read("ann")][-2:] == ["more", "more"]


def test_rows_that_cannot_be_kept_are_counted_and_named_without_their_words(companion: Companion) -> None:
    rows = [NewMessage(id="1", text="good", at_us=1), NewMessage(id="2", text="swordfish", at_us=-(10**18))]
    rows += [NewMessage(id="1", text="swordfish", at_us=1)]
    sum_ = import_rows(companion, "ann", rows)
    assert (sum_.kept, sum_.bad) == (1, 2)
    assert [f.place for f in sum_.faults] == ["message 2", "message 1"]
    assert "swordfish" not in str(sum_)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", "swordfish\n" * 9), ("a.json", "swordfish"), ("a.bin", b"\xff\xfe\x00"), ("a.txt", "")],
)
def test_what_is_of_no_known_format_is_refused(tmp_path: Path, name: str, content: str | bytes) -> None:
    with pytest.raises(InputError) as caught:
        format_of(file(tmp_path, name, content))
    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_fails_on_what_is_not_its_own(tmp_path: Path, name: str) -> None:
    for content in (b"", b"\x00\xff" * 99, b"{}", b"[]", b'[{"a": 1}]', b"[1, null]", WHATSAPP.encode()):
        path = file(tmp_path, "a.txt", content)
        try:
            rows = list(FORMATS[name](path, Reading(day=date(2024, 1, 1))))
        except InputError:
            continue
        assert all(isinstance(row, NewMessage | Bad) for row in rows)


@pytest.mark.skipif(not (DATA / "irc").is_dir(), reason="real logs are not here")
def test_real_irc_logs_are_read_without_a_bad_line() -> None:
    for path in sorted((DATA / "irc").iterdir())[:5]:
        assert format_of(path) == "irc"
        messages, bad = read(path)
        assert len(messages) > 500
        assert len(bad) <= len(messages) * 0.01, bad[:3]
