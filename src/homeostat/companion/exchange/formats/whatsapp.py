"""WhatsApp: the text file of "Export chat", as phones write it in many countries."""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from homeostat.companion.exchange.formats.reading import Bad, Ids, Reading, Row, lines_of
from homeostat.companion.message import NewMessage

_HEAD = re.compile(
    r"[\u200e\u200f\ufeff]*\[?(?P<a>\d{1,4})[./-](?P<b>\d{1,2})[./-](?P<c>\d{2,4}),?\s+"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?"
    r"(?:[\s\u202f]*(?P<half>[AaPp])\.?\s?[Mm]\.?)?\]?(?:\s+-)?\s+(?P<rest>.*)",
    re.DOTALL,
)
LOOKED_AT = 5_000
"""Lines in which a day above 12 is looked for."""

CONTINUED_MAX = 10_000


def read_whatsapp(path: Path, reading: Reading) -> Iterator[Row]:
    """Yield the messages; what the application itself says is left out. Texts go on over lines.

    Whether the day or the month comes first is told by a day above 12; where there is none, the day does.
    """
    ids = Ids("whatsapp")
    month_first = _month_first(path, reading)
    talk = reading.talk or path.stem
    held: tuple[int, re.Match[str], list[str]] | None = None
    for number, line in lines_of(path, reading):
        if line is None:
            yield Bad(f"line {number}", "it is no UTF-8, or too long")
            continue
        head = _HEAD.fullmatch(line)
        if head is not None:
            if held is not None:
                yield from _message(*held, month_first, talk, reading, ids)
            held = (number, head, [])
        elif held is not None and len(held[2]) < CONTINUED_MAX:
            held[2].append(line)
        elif line.strip():
            yield Bad(f"line {number}", "it follows no message")
    if held is not None:
        yield from _message(*held, month_first, talk, reading, ids)


def _message(
    number: int,
    head: "re.Match[str]",
    more: list[str],
    month_first: bool,
    talk: str,
    reading: Reading,
    ids: Ids,
) -> Iterator[Row]:
    author, colon, said = head["rest"].partition(": ")
    text = "\n".join((said, *more)).strip("\u200e\n")
    if not colon or not text.strip():
        return
    try:
        at_us, offset_min = reading.moment(_moment(head, month_first))
    except ValueError:
        yield Bad(f"line {number}", "its time is none")
        return
    author = author.strip("\u200e\u202a\u202c ")
    yield NewMessage(
        id=ids.of(talk, author, at_us, text),
        text=text,
        at_us=at_us,
        talk=talk,
        author=author,
        own=reading.owns(author),
        offset_min=offset_min,
    )


def _moment(head: "re.Match[str]", month_first: bool) -> datetime:
    a, b, c = int(head["a"]), int(head["b"]), int(head["c"])
    if len(head["a"]) == 4:
        year, month, day = a, b, c
    else:
        (month, day), year = ((a, b) if month_first else (b, a)), c + (2_000 if c < 100 else 0)
    hour = int(head["hour"])
    if head["half"]:
        hour = hour % 12 + (12 if head["half"].lower() == "p" else 0)
    return datetime(year, month, day, hour, int(head["minute"]), int(head["second"] or 0))


def _month_first(path: Path, reading: Reading) -> bool:
    for _, line in islice(lines_of(path, Reading()), LOOKED_AT):
        head = _HEAD.fullmatch(line or "")
        if head is not None and len(head["a"]) < 4:
            if int(head["a"]) > 12:
                return False
            if int(head["b"]) > 12:
                return True
    return False
