"""IRC logs: those of most clients, with a time or a time and a date in each line."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from homeostat.companion.exchange.formats.reading import Bad, Ids, Reading, Row, lines_of
from homeostat.companion.message import NewMessage

_SAID = re.compile(
    r"\[?(?:(?P<date>\d{4}-\d\d-\d\d)[ T])?(?P<time>\d\d:\d\d(?::\d\d)?)\]?\s+"
    r"(?:<[ @+%&~]?(?P<nick>[^>\s]+)>|(?P<tabbed>[^\s<>*-][^\s]*)\t)\s?(?P<text>.*)"
)
_OTHER = re.compile(
    r"\s*$|\[?(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d(?::\d\d)?\]?\s+(?:[-=*]|<-|->|\S+ \[)|---|=== |\*\*\*"
)
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
_CHANGED = re.compile(r"--- Day changed \w+ (\w+ \d\d \d{4})")
NIGHT = timedelta(hours=12)


def read_irc(path: Path, reading: Reading) -> Iterator[Row]:
    """Yield what was said; who came and went is left out.

    The day comes from the line, else from the reading, else from the file's name; a time that goes back by
    half a day or more begins the next one. Who is addressed stays in the text.
    """
    ids = Ids("irc")
    day = reading.day or _named(path) or date(1970, 1, 1)
    last = datetime.combine(day, time())
    talk = reading.talk or path.stem
    for number, line in lines_of(path, reading):
        if line is None:
            yield Bad(f"line {number}", "it is no UTF-8, or too long")
            continue
        changed = _CHANGED.match(line)
        if changed is not None:
            last = datetime.strptime(changed[1], "%b %d %Y")
            continue
        found = _SAID.fullmatch(line)
        if found is None:
            if not _OTHER.match(line):
                yield Bad(f"line {number}", "it is no line of an IRC log")
            continue
        if not found["text"].strip():
            continue
        try:
            last = _moment(found, last)
        except ValueError:
            yield Bad(f"line {number}", "its time is none")
            continue
        at_us, offset_min = reading.moment(last)
        nick = found["nick"] or found["tabbed"]
        text = found["text"]
        yield NewMessage(
            id=ids.of(talk, nick, at_us, text),
            text=text,
            at_us=at_us,
            talk=talk,
            author=nick,
            own=reading.owns(nick),
            offset_min=offset_min,
        )


def _moment(found: "re.Match[str]", last: datetime) -> datetime:
    clock = time.fromisoformat(found["time"])
    if found["date"]:
        return datetime.combine(date.fromisoformat(found["date"]), clock)
    at = datetime.combine(last.date(), clock)
    return at + timedelta(days=1) if last - at >= NIGHT else at


def _named(path: Path) -> date | None:
    found = _DAY.search(path.stem)
    try:
        return None if found is None else date(*map(int, found.groups()))
    except ValueError:
        return None
