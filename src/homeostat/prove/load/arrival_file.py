"""The arrival file: arrivals read from a published trace, line by line.

Two formats are known by their content, plain or gzipped: the CSV of Azure's LLM inference traces (a
header with TIMESTAMP, ContextTokens, GeneratedTokens) and Mooncake's JSON lines (timestamp in ms,
input_length, output_length, hash_ids).
"""

import csv
import gzip
import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from homeostat.core.errors import InputError
from homeostat.prove.load.arrivals import Arrival

TOKENS_MAX = 10_000_000
LINE_BYTES_MAX = 1 << 20
REORDER_WINDOW = 1_024
"""Arrivals that are held back so as to be put in order of time."""

AZURE_COLUMNS = ("timestamp", "contexttokens", "generatedtokens")
KNOWN = "an Azure CSV begins with TIMESTAMP,ContextTokens,GeneratedTokens; a Mooncake line is a JSON object"

Parser = Callable[[str], Arrival]


class BadLine(Exception):
    """A line that holds no arrival; the text says why."""


@dataclass(slots=True)
class ReadCounts:
    """What became of the lines of a file: read as arrivals, skipped, or out of order.

    `reordered` came earlier than one before them and were put in place; `late` came too late for that
    and were moved to the time of the arrival before.
    """

    read: int = 0
    skipped: int = 0
    reordered: int = 0
    late: int = 0
    first_skipped: str = ""


class MooncakeLine(msgspec.Struct):
    """One line of a Mooncake trace."""

    timestamp: float
    input_length: int
    output_length: int
    hash_ids: tuple[int, ...] = ()


class ArrivalFile:
    """The arrivals of one trace file in order of time, read anew by each iteration.

    A line that cannot be read is skipped and counted in `counts`. Raises InputError, with the line's
    number, for a file that cannot be opened, whose format is not known, or that holds no arrival.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.counts = ReadCounts()

    def __iter__(self) -> Iterator[Arrival]:
        self.counts = ReadCounts()
        return from_zero(in_order(self._arrivals(), self.counts))

    def _arrivals(self) -> Iterator[Arrival]:
        counts = self.counts
        try:
            with _opened(self.path) as file:
                for number, line in self._parsed(file):
                    if isinstance(line, Arrival):
                        counts.read += 1
                        yield line
                        continue
                    counts.skipped += 1
                    counts.first_skipped = counts.first_skipped or f"line {number}: {line}"
        except (OSError, EOFError) as error:
            raise InputError(f"cannot read {self.path}: {error}") from error
        if not counts.read:
            raise InputError(f"{self.path} holds no arrival; {counts.first_skipped or KNOWN}")

    def _parsed(self, file: BinaryIO) -> Iterator[tuple[int, Arrival | BadLine]]:
        parse: Parser | None = None
        for number, line in _lines(file):
            if isinstance(line, BadLine):
                yield number, line
            elif line.strip() and parse is None:
                parse, is_header = self._format(line, number)
                if not is_header:
                    yield number, _tried(parse, line)
            elif line.strip() and parse is not None:
                yield number, _tried(parse, line)

    def _format(self, line: str, number: int) -> tuple[Parser, bool]:
        """Return the parser of the lines that a file with this first line holds, and if it is a header."""
        if line.lstrip().startswith("{"):
            return parse_mooncake, False
        columns = [c.strip().lower() for c in line.split(",")]
        if all(name in columns for name in AZURE_COLUMNS):
            time, context, generated = (columns.index(name) for name in AZURE_COLUMNS)
            return lambda text: parse_azure(text, time, context, generated), True
        raise InputError(f"{self.path}, line {number}: {line.strip()[:80]!r} is no known trace; {KNOWN}")


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb")) if zipped else path.open("rb")


def _lines(file: BinaryIO) -> Iterator[tuple[int, str | BadLine]]:
    """Number the lines from 1 on; one that is too long or no text is returned as the reason."""
    number = 0
    while line := file.readline(LINE_BYTES_MAX):
        number += 1
        if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = file.readline(LINE_BYTES_MAX)
            yield number, BadLine(f"longer than {LINE_BYTES_MAX} bytes")
            continue
        try:
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            yield number, BadLine(f"not UTF-8: {error.reason}")


def _tried(parse: Parser, line: str) -> Arrival | BadLine:
    try:
        return parse(line)
    except BadLine as error:
        return error


def parse_azure(line: str, time: int, context: int, generated: int) -> Arrival:
    """Read one line of an Azure CSV, given the places of its columns; times without a zone are UTC."""
    try:
        fields = next(csv.reader([line]), [])
    except csv.Error as error:
        raise BadLine(str(error)) from None
    if len(fields) <= max(time, context, generated):
        raise BadLine(f"{len(fields)} fields where at least {max(time, context, generated) + 1} are needed")
    try:
        moment = datetime.fromisoformat(fields[time].strip())
    except ValueError:
        raise BadLine(f"{fields[time][:40]!r} is no time such as 2023-11-16 18:17:03.9799600") from None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Arrival(zoned.timestamp(), _tokens(fields[context]), _tokens(fields[generated]))


def parse_mooncake(line: str) -> Arrival:
    """Read one line of a Mooncake trace."""
    try:
        read = msgspec.json.decode(line, type=MooncakeLine)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise BadLine(str(error)) from None
    if not math.isfinite(read.timestamp):
        raise BadLine(f"the timestamp {read.timestamp!r} is not finite")
    return Arrival(
        read.timestamp / 1e3, _bounded(read.input_length), _bounded(read.output_length), read.hash_ids
    )


def _tokens(text: str) -> int:
    try:
        return _bounded(int(text))
    except ValueError:
        raise BadLine(f"{text[:40]!r} is no number of tokens") from None


def _bounded(tokens: int) -> int:
    if not 0 <= tokens <= TOKENS_MAX:
        raise BadLine(f"{tokens} tokens are not within 0 and {TOKENS_MAX}")
    return tokens


def in_order(
    arrivals: Iterator[Arrival], counts: ReadCounts, window: int = REORDER_WINDOW
) -> Iterator[Arrival]:
    """Yield arrivals in order of time, as far as a window of them can tell; ties keep their order."""
    held: list[tuple[float, int, Arrival]] = []
    newest_s = last_s = -math.inf
    for number, arrival in enumerate(arrivals):
        if arrival.time_s < last_s:
            counts.late += 1
            arrival = msgspec.structs.replace(arrival, time_s=last_s)
        elif arrival.time_s < newest_s:
            counts.reordered += 1
        newest_s = max(newest_s, arrival.time_s)
        heapq.heappush(held, (arrival.time_s, number, arrival))
        if len(held) > window:
            last_s, _, earliest = heapq.heappop(held)
            yield earliest
    while held:
        yield heapq.heappop(held)[2]


def from_zero(arrivals: Iterator[Arrival]) -> Iterator[Arrival]:
    """Count the times of arrivals from the first one on."""
    begin_s: float | None = None
    for arrival in arrivals:
        if begin_s is None:
            begin_s = arrival.time_s
        yield msgspec.structs.replace(arrival, time_s=arrival.time_s - begin_s)
