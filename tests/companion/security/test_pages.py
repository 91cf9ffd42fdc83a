"""Claims about pages: what can be read is told apart from what cannot, whatever it is."""

import gzip
import json
import random
import secrets
import sqlite3
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.security.encryption import probe_apart
from homeostat.companion.security.pages import PAGE_BYTES, holds, noise, probed, told

WORDS = json.dumps(
    [{"id": n, "text": f"my sister number {n} lives in Lisbon now"} for n in range(200)]
).encode()
RNG = random.Random(1)


@given(st.integers(0, 2**63))
def test_noise_is_never_taken_for_words(seed: int) -> None:
    assert noise(random.Random(seed).randbytes(PAGE_BYTES))


@pytest.mark.parametrize(
    "page",
    [
        WORDS[:PAGE_BYTES],
        bytes(PAGE_BYTES),
        struct.pack(f"{PAGE_BYTES // 8}q", *range(PAGE_BYTES // 8)),
        bytes(min(255, max(0, round(RNG.gauss(128, 30)))) for _ in range(PAGE_BYTES)),
        gzip.compress(secrets.token_bytes(PAGE_BYTES)),
        b"SQLite format 3\0" + secrets.token_bytes(PAGE_BYTES - 16),
        WORDS[:400] + secrets.token_bytes(200) + WORDS[400:PAGE_BYTES],
    ],
    ids=["words", "zeros", "numbers", "vectors", "packed", "a plain database", "words around a key"],
)
def test_what_can_be_read_is_never_taken_for_noise(page: bytes) -> None:
    assert not noise(page)


def test_a_word_of_a_canary_gives_an_even_page_away() -> None:
    page = secrets.token_bytes(2_000) + b"geologist" + secrets.token_bytes(2_087)
    assert noise(page)
    assert not noise(page, (b"geologist",))


def test_a_plain_database_is_seen_and_what_was_packed_as_raw_deflate_is_not(tmp_path: Path) -> None:
    path = tmp_path / "plain.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (text)")
        connection.executemany("INSERT INTO t VALUES (?)", [(f"said {n}",) for n in range(2_000)])
    size, looked, even = probed(path, (), 8, random.Random(1))
    assert size == path.stat().st_size
    assert looked > 1
    assert even == 0
    packed = tmp_path / "packed"  # the limit that the page of docs tells
    packed.write_bytes(zlib.compress(secrets.token_bytes(20_000))[2:])
    assert probed(packed, (), 4, random.Random(1))[2] > 0


def test_a_word_across_two_pieces_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeostat.companion.security.pages.PIECE_BYTES", 10)
    path = tmp_path / "log"
    path.write_bytes(b"........mandragora...")
    assert holds(path, (b"mandragora",))
    assert not holds(path, (b"mandragore",))


def test_a_process_of_its_own_says_what_this_one_would(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(secrets.token_bytes(3 * PAGE_BYTES))
    (tmp_path / "b.db").write_bytes(WORDS)
    (tmp_path / "b.db-shm").write_bytes(WORDS)
    task = {"probe": [str(tmp_path)], "pages": 1, "search": [str(tmp_path)], "words": ["Lisbon"]}
    expected = {
        "sampled": [["a.db", 3 * PAGE_BYTES, 1, 1], ["b.db", len(WORDS), 1, 0]],
        "found": ["b.db"],
    }
    assert probe_apart(task) == told(task) == expected
