"""Files are read as one state of them, and told apart from later states."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.prompts.library.decoding import decode
from homeostat.prompts.serving.module_file import CHUNK_BYTES, chunks, read_file, stamp_of

LATER_NS = time.time_ns() + 3_600 * SECOND_NS


def test_a_state_is_certain_only_when_the_clock_has_moved_on(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("one")
    assert not read_file(file, time.time_ns()).certain
    assert read_file(file, LATER_NS).certain


def test_a_replaced_file_has_another_stamp_though_size_and_time_are_the_same(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("one")
    before = stamp_of(file)
    other = tmp_path / "b.md"
    other.write_text("two")
    os.utime(other, ns=(before.modified_ns, before.modified_ns))
    other.replace(file)
    assert stamp_of(file) != before
    assert stamp_of(file).size_bytes == before.size_bytes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_chunks_are_the_text_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    text = "naïve café, line after line\r\n" * 10_000
    (tmp_path / "a.md").write_bytes(text.encode(encoding))
    pieces = list(chunks(tmp_path / "a.md"))
    assert b"".join(pieces).decode() == text
    assert max(map(len, pieces)) <= CHUNK_BYTES


@given(data=st.one_of(st.binary(), st.text().map(str.encode)), repeats=st.sampled_from([1, 9_000]))
def test_chunks_agree_with_reading_it_whole(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, repeats: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "chunks.md"
    file.write_bytes(data * repeats)
    whole = decode(data * repeats)
    if whole is None:
        with pytest.raises(InputError, match="is not text"):
            list(chunks(file))
    else:
        assert b"".join(chunks(file)) == whole[0].encode("utf-8", "surrogatepass")


def test_a_file_that_is_replaced_while_it_streams_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("old" * 100_000)
    stream = chunks(file)
    first = next(stream)
    (tmp_path / "new").write_text("new")
    (tmp_path / "new").replace(file)
    assert first + b"".join(stream) == b"old" * 100_000


def test_a_file_that_is_written_to_while_it_streams_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("old" * 100_000)
    stream = chunks(file)
    next(stream)
    file.write_text("new")
    with pytest.raises(InputError, match="written to while"):
        list(stream)
