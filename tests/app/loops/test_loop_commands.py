"""The commands about loops, on a store in which a loop has published itself."""

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.core.batch import Batch
from homeostat.core.change import Change, Move
from homeostat.core.clock import SystemClock
from homeostat.core.order import Mode
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.published import (
    Published,
    PublishedAdvice,
    PublishedKnob,
    PublishedPattern,
    publish,
)
from homeostat.prove.ledger import notes
from homeostat.prove.ledger.entry import EntryKind, LedgerEntry
from homeostat.prove.ledger.records import record_of
from homeostat.store.open import open_store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A loop that stopped a while ago, with two entries in its ledger."""
    path = tmp_path / "s.db"
    opened = open_store(path)

    def keep(entry: LedgerEntry) -> None:
        opened.write(Batch(records=(record_of(entry, "assistant"),)))

    now_ns = SystemClock().now_ns()
    book = Book(keep=keep)
    change = Change((Move("batch", 8, 16),), "ann", "to see")
    book.write(notes.put(EntryKind.PINNED, change), now_ns - 120_000_000_000)
    book.write(notes.said(EntryKind.MODE, "ann", "the mode is act from now on"), now_ns - 100_000_000_000)
    knobs = (
        PublishedKnob("batch", 16, 8, "1 to 64", "process", True, "how many at once"),
        PublishedKnob("cache", False, False, "False, True", "request", False, "", unread=True),
    )
    rule = PublishedPattern(
        "duration",
        "tokens > 40,000",
        "tokens > 40,000: 25% more (18% to 33%), n = 212",
        0.25,
        0.18,
        0.33,
        212,
    )
    advice = PublishedAdvice("cache False → True", "climb", "it was not tried yet", (), None, {"cache": True})
    told = Published(
        "assistant",
        now_ns - 60_000_000_000,
        1,
        Mode.ADVISE,
        "p95 of duration (lower is better)",
        "normal",
        12.5,
        knobs,
        (),
        (advice,),
        (),
        {"dopamine": 0.5},
        {"batch 16 → 32": "needs about 140,000 requests"},
        (rule,),
    )
    publish(opened, told)
    opened.close()
    return path


def ask(store: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(build(), [*words, "--store", str(store)])
    return done.exit_code, done.output


def test_the_ledger_is_a_story_that_a_person_can_follow(store: Path) -> None:
    code, told = ask(store, "ledger")
    assert code == 0
    assert "#1 " in told
    assert "pinned by ann: batch 8 → 16, to see" in told


def test_the_ledger_as_json_holds_every_field(store: Path) -> None:
    code, told = ask(store, "ledger", "--json")
    entries = msgspec.json.decode(told.encode(), type=list[LedgerEntry])
    assert code == 0
    assert [entry.number for entry in entries] == [1, 2]


def test_an_altered_entry_is_named_and_fails_a_script(store: Path) -> None:
    assert ask(store, "ledger", "--verify")[0] == 0
    opened = open_store(store)
    forged = notes.said(EntryKind.MODE, "mallory", "all is well")
    entry = LedgerEntry(2, 0, forged, "", "0" * 64)
    opened.write(Batch(records=(record_of(entry, "assistant"),)))
    opened.close()
    code, told = ask(store, "ledger", "--verify")
    assert code == 1
    assert "cannot be trusted: entry 2" in told


def test_knobs_tell_values_pins_and_what_is_recommended(store: Path) -> None:
    code, told = ask(store, "knobs")
    assert code == 0
    assert "not running now" in told
    assert "pinned" in told
    assert "homeostat try cache=True" in told


def test_knobs_tell_what_nobody_reads_what_is_not_tried_and_where_requests_go_wrong(store: Path) -> None:
    told = " ".join(ask(store, "knobs")[1].split())
    assert "nobody reads it: call get()" in told
    assert "not tried: batch 16 → 32: needs about 140,000 requests" in told
    assert "duration is worse where tokens > 40,000: 25% more (18% to 33%), n = 212" in told


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("pin", "batch", "many"), 2, "takes a number (1 to 64), not 'many'"),
        (("pin", "batch", "4"), 3, "does not run now"),
        (("try", "batch"), 2, "NAME=VALUE, not 'batch'"),
        (("mode", "act"), 3, "does not run now"),
        (("undo", "1"), 3, "does not run now"),
        (("ledger", "--service", "other"), 3, "there is no loop of 'other'; there are: assistant"),
    ],
)
def test_what_cannot_be_done_says_why_with_its_exit_code(
    store: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    found, told = ask(store, *words)
    assert found == code
    assert said in " ".join(told.split())
