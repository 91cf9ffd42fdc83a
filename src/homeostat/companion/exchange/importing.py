"""Importing: a chat of elsewhere into a person's memory; what was imported before stays as it is."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from homeostat.companion.companion import Companion
from homeostat.companion.exchange.formats.csv_chat import read_csv
from homeostat.companion.exchange.formats.exports import (
    looks_like,
    read_chatgpt,
    read_discord,
    read_telegram,
)
from homeostat.companion.exchange.formats.irc import read_irc
from homeostat.companion.exchange.formats.json_chat import read_json
from homeostat.companion.exchange.formats.reading import NO_JSON, Bad, Reading, Row, document_of
from homeostat.companion.exchange.formats.slack import read_slack
from homeostat.companion.exchange.formats.whatsapp import read_whatsapp
from homeostat.companion.exchange.keeping import BATCH, highest, keep
from homeostat.companion.message import NewMessage
from homeostat.core.errors import InputError

FAULTS_MAX = 100
SNIFFED_LINES = 50

Reader = Callable[[Path, Reading], Iterator[Row]]

FORMATS: dict[str, Reader] = {
    "json": read_json,
    "csv": read_csv,
    "irc": read_irc,
    "whatsapp": read_whatsapp,
    "telegram": read_telegram,
    "slack": read_slack,
    "discord": read_discord,
    "chatgpt": read_chatgpt,
}


class Imported(msgspec.Struct, kw_only=True):
    """What became of a chat. `known` were there before; `faults` name the first of the bad rows."""

    kept: int = 0
    known: int = 0
    bad: int = 0
    faults: list[Bad] = []


def import_rows(companion: Companion, person: str, rows: Iterable[Row]) -> Imported:
    """Keep what rows hold, a batch a transaction. Interrupted, it is begun again: what is there is known."""
    sum_ = Imported(faults=[])
    source = iter(rows)
    reached = 0
    while batch := list(islice(source, BATCH)):
        messages = [row for row in batch if isinstance(row, NewMessage)]
        for row in batch:
            if isinstance(row, Bad):
                _fault(sum_, row)
        if not messages:
            continue
        last = companion.last_seq(person)
        results = keep(companion, person, messages, reached)
        reached = highest(results, reached)
        for message, result in zip(messages, results, strict=True):
            if isinstance(result, InputError):
                _fault(sum_, Bad(f"message {message.id[:80]}", str(result)))
            elif result > last:
                sum_.kept += 1
            else:
                sum_.known += 1
    return sum_


def format_of(path: Path) -> str:
    """Return the name of the format that a file or folder has. Raises InputError."""
    suffix = path.suffix.lower()
    if not path.exists():
        raise InputError(f"there is no file {path}")
    if path.is_dir() or suffix == ".zip":
        return "slack"
    if suffix in (".jsonl", ".ndjson"):
        return "json"
    if suffix == ".json":
        try:
            return looks_like(msgspec.json.decode(document_of(path))) or "json"
        except NO_JSON:
            raise InputError(f"{path} is no JSON") from None
    if suffix in (".csv", ".tsv"):
        return "csv"
    for name in ("whatsapp", "irc"):
        if _fits(path, name):
            return name
    raise InputError(f"{path} is of no format that is known: name one of {', '.join(FORMATS)} by --format")


def _fits(path: Path, name: str) -> bool:
    """Tell whether what stands at the beginning of a text are messages of a format, for the most part."""
    rows = list(islice(FORMATS[name](path, Reading()), SNIFFED_LINES))
    good = sum(isinstance(row, NewMessage) for row in rows)
    return good > len(rows) // 2


def _fault(sum_: Imported, fault: Bad) -> None:
    sum_.bad += 1
    if len(sum_.faults) < FAULTS_MAX:
        sum_.faults.append(fault)
