"""JSON: a list of messages, or one message a line, with our names of fields or common ones."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from homeostat.companion.exchange.formats.reading import (
    NO_JSON,
    Bad,
    Ids,
    Reading,
    Row,
    document_of,
    lines_of,
)
from homeostat.companion.message import NewMessage
from homeostat.core.errors import InputError

TEXT = ("text", "message", "content", "body")
AUTHOR = ("author", "sender", "from", "user", "name", "speaker", "role")
AT = ("at", "timestamp", "time", "date", "created_at", "at_us")
TALK = ("talk", "conversation", "conversation_id", "thread", "channel", "session")
MILLISECONDS = 1e11
"""A number above is no count of seconds, one a thousand times as large none of milliseconds."""


def read_json(path: Path, reading: Reading) -> Iterator[Row]:
    """Yield the messages of a list, or of lines."""
    ids = Ids("json")
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        for number, line in lines_of(path, reading):
            if line is None or line.strip():
                yield _of_line(number, line, reading, ids)
        return
    try:
        rows = msgspec.json.decode(document_of(path))
    except NO_JSON:
        raise InputError(f"{path} is no JSON; give lines of it the ending .jsonl") from None
    rows = rows.get("messages") if isinstance(rows, dict) else rows
    if not isinstance(rows, list):
        raise InputError(f"{path} holds no list of messages")
    for number, row in enumerate(rows, 1):
        if number % 1_000 == 1:
            reading.tell(number, len(rows))
        yield of_fields(f"entry {number}", row, reading, ids)


def of_fields(place: str, row: object, reading: Reading, ids: Ids) -> Row:
    """Return the message that named fields make."""
    if not isinstance(row, Mapping):
        return Bad(place, "it has no named fields")
    text = _first(row, TEXT)
    if not isinstance(text, str) or not text.strip():
        return Bad(place, f"it has no text: none of {', '.join(TEXT)}")
    at = _moment(_first(row, AT), "at_us" in row, reading)
    if at is None:
        return Bad(place, f"it has no time that is understood: one of {', '.join(AT)}")
    author = str(_first(row, AUTHOR) or "")
    talk = str(_first(row, TALK) or reading.talk)
    own = row.get("own")
    id = row.get("id")
    try:
        offset_min = int(row.get("offset_min") or at[1])
    except (TypeError, ValueError):
        return Bad(place, "its offset_min is no whole number of minutes")
    return NewMessage(
        id=str(id) if id not in (None, "") else ids.of(talk, author, at[0], text),
        text=text,
        at_us=at[0],
        talk=talk,
        author=author,
        own=_truth(own) if own not in (None, "") else reading.owns(author) or author == "user",
        offset_min=offset_min,
    )


def _of_line(number: int, line: str | None, reading: Reading, ids: Ids) -> Row:
    place = f"line {number}"
    if line is None:
        return Bad(place, "it is no UTF-8, or too long")
    try:
        return of_fields(place, msgspec.json.decode(line), reading, ids)
    except NO_JSON:
        return Bad(place, "it is no JSON")


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _truth(value: object) -> bool:
    return value if isinstance(value, bool) else str(value).lower() in ("1", "true", "yes")


def _moment(value: object, is_us: bool, reading: Reading) -> tuple[int, int] | None:
    """Return a time and its offset, of a number since 1970 or a text; None where it is none."""
    try:
        if isinstance(value, str) and not value.strip().lstrip("-").replace(".", "", 1).isdigit():
            return reading.moment(datetime.fromisoformat(value.strip()))
        if isinstance(value, bool) or value is None:
            return None
        number = float(str(value))
        if is_us or abs(number) > MILLISECONDS * 1e3:
            return round(number), 0
        seconds = number / 1e3 if abs(number) > MILLISECONDS else number
        return reading.moment(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None
