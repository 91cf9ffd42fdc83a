"""Arrival files: both formats, and what is wrong with them."""

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import InputError
from homeostat.prove.load.arrival_file import ArrivalFile, ReadCounts, in_order
from homeostat.prove.load.arrivals import Arrival

TRACES = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[3] / "../shared/data")) / "traces"

AZURE = """\ufeffTIMESTAMP,ContextTokens,GeneratedTokens\r
2023-11-16 18:17:03.9799600,4808,10\r
2023-11-16 18:17:04.0319600,3180,8\r
2023-11-16 18:17:05.0319600+00:00,1,0
"""
MOONCAKE = """{"timestamp": 500, "input_length": 700, "output_length": 5, "hash_ids": [0, 1]}

{"timestamp": 1500, "input_length": 9, "output_length": 2}
"""


def written(folder: Path, content: str | bytes) -> ArrivalFile:
    path = folder / "trace"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return ArrivalFile(path)


def test_azure_times_count_from_the_first_arrival(tmp_path: Path) -> None:
    arrivals = list(written(tmp_path, AZURE))
    assert [a.time_s for a in arrivals] == pytest.approx([0.0, 0.052, 1.052], abs=1e-5)
    assert [(a.input_tokens, a.output_tokens) for a in arrivals] == [(4808, 10), (3180, 8), (1, 0)]


@pytest.mark.parametrize("zipped", [False, True])
def test_mooncake_lines_bring_their_prefix_blocks(tmp_path: Path, zipped: bool) -> None:
    content = MOONCAKE.encode()
    arrivals = list(written(tmp_path, gzip.compress(content) if zipped else content))
    assert arrivals == [Arrival(0.0, 700, 5, (0, 1)), Arrival(1.0, 9, 2)]


def test_a_file_can_be_read_again(tmp_path: Path) -> None:
    file = written(tmp_path, AZURE)
    assert list(file) == list(file)
    assert file.counts == ReadCounts(read=3)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("2023-11-16 18:17:03.97,12", "2 fields where at least 3 are needed"),
        ("yesterday,12,3", "'yesterday' is no time"),
        ("2023-11-16 18:17:03.97,many,3", "'many' is no number of tokens"),
        ("2023-11-16 18:17:03.97,-4,3", "-4 tokens are not within 0"),
    ],
)
def test_a_bad_azure_line_is_skipped_counted_and_named(tmp_path: Path, bad: str, reason: str) -> None:
    file = written(tmp_path, AZURE + bad + "\n" + bad + "\n")
    assert len(list(file)) == 3
    assert file.counts.skipped == 2
    assert file.counts.first_skipped.startswith(f"line 5: {reason}")


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"[]",
        b'{"timestamp": 1}',
        b'{"timestamp": null, "input_length": 1, "output_length": 1}',
        b'{"timestamp": 1, "input_length": 99999999999, "output_length": 1}',
        b'{"timestamp": 1, "input_length": 1, "output_length": 1, "hash_ids": ["a"]}',
        b"\xff\xfe\x00",
        b'{"timestamp": 1, "x": "' + b"y" * (2 << 20) + b'"}',
    ],
)
def test_a_bad_mooncake_line_is_skipped_counted_and_named(tmp_path: Path, bad: bytes) -> None:
    file = written(tmp_path, MOONCAKE.encode() + bad + b"\n" + MOONCAKE.encode())
    assert len(list(file)) == 4
    assert file.counts.skipped == 1
    assert file.counts.first_skipped.startswith("line 4: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no arrival"),
        (b"hello\nworld\n", "line 1: 'hello' is no known trace"),
        (b"TIMESTAMP,ContextTokens,GeneratedTokens\nx,y,z\n", "holds no arrival; line 2: 'x' is no time"),
        (gzip.compress(b"{}", mtime=0)[:-4], "cannot read"),
    ],
)
def test_a_file_without_arrivals_says_why(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(written(tmp_path, content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*nowhere"):
        list(ArrivalFile(tmp_path / "nowhere"))


@given(st.lists(st.integers(0, 50)), st.integers(1, 10))
def test_arrivals_come_out_in_order_of_time_and_none_is_lost(times: list[int], window: int) -> None:
    counts = ReadCounts()
    given_arrivals = [Arrival(float(t), i, 0) for i, t in enumerate(times)]
    out = list(in_order(iter(given_arrivals), counts, window))
    assert [a.time_s for a in out] == sorted(a.time_s for a in out)
    assert sorted(a.input_tokens for a in out) == list(range(len(times)))
    if window >= len(times):
        assert [a.time_s for a in out] == sorted(map(float, times))
        assert counts.late == 0
    moved = sum(a.time_s != times[a.input_tokens] for a in out)
    assert moved == counts.late


@pytest.mark.skipif(not TRACES.is_dir(), reason="the real traces are not here")
@pytest.mark.parametrize(
    ("name", "count", "seconds", "blocks"),
    [
        ("azure_llm_code_2023.csv", 8_819, 3_420, 0),
        ("mooncake_conversation.jsonl", 12_031, 3_540, 288_500),
    ],
)
def test_the_real_traces_are_read_whole(name: str, count: int, seconds: int, blocks: int) -> None:
    file = ArrivalFile(TRACES / name)
    arrivals = list(file)
    assert (len(arrivals), file.counts.skipped, file.counts.late) == (count, 0, 0)
    assert arrivals[-1].time_s == pytest.approx(seconds, rel=0.02)
    assert sum(len(a.prefix_blocks) for a in arrivals) == pytest.approx(blocks, rel=0.01)
