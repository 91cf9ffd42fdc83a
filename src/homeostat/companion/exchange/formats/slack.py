"""Slack: the export of a workspace, a folder or zip with one folder a channel and one file a day."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from homeostat.companion.exchange.formats.reading import DOCUMENT_BYTES_MAX, NO_JSON, Bad, Reading, Row
from homeostat.companion.message import NewMessage
from homeostat.core.errors import InputError, TooLarge

USERS = "users.json"
SPOKEN = frozenset(("", "thread_broadcast", "me_message", "bot_message", "file_share"))


class Profile(msgspec.Struct):
    """How a user is called."""

    display_name: str = ""
    real_name: str = ""


class User(msgspec.Struct):
    """One of users.json."""

    id: str
    name: str = ""
    profile: Profile = msgspec.field(default_factory=Profile)


class Said(msgspec.Struct):
    """One message of a day."""

    ts: str
    type: str = "message"
    subtype: str = ""
    user: str = ""
    username: str = ""
    text: str = ""


class Files:
    """The files of a folder or a zip, by their paths."""

    def __init__(self, root: "Path | zipfile.ZipFile") -> None:
        self._root = root
        if isinstance(root, Path):
            self.names = sorted(p.relative_to(root).as_posix() for p in root.rglob("*.json") if p.is_file())
        else:
            self.names = sorted(name for name in root.namelist() if name.endswith(".json"))

    def read(self, name: str) -> bytes:
        """Return one. Raises TooLarge."""
        if isinstance(self._root, Path):
            path = self._root / name
            size_bytes = path.stat().st_size
        else:
            size_bytes = self._root.getinfo(name).file_size
        if size_bytes > DOCUMENT_BYTES_MAX:
            raise TooLarge(f"{name} has {size_bytes} bytes; {DOCUMENT_BYTES_MAX} are taken")
        return path.read_bytes() if isinstance(self._root, Path) else self._root.read(name)


def read_slack(path: Path, reading: Reading) -> Iterator[Row]:
    """Yield the messages of all channels, day by day; a channel is a talk."""
    with _files(path) as files:
        users = _users(files)
        days = [name for name in files.names if name.count("/") >= 1]
        if not days:
            raise InputError(f"{path} is no export of Slack: it has no folder of a channel with days in JSON")
        for number, name in enumerate(days, 1):
            reading.tell(number, len(days))
            channel = name.split("/")[-2]
            try:
                said = msgspec.json.decode(files.read(name), type=list[Said])
            except NO_JSON as error:
                kind = "its form" if isinstance(error, msgspec.ValidationError) else "JSON"
                yield Bad(name, f"it is not of {kind}")
                continue
            for message in said:
                row = _message(message, channel, users, reading)
                if row is not None:
                    yield row


def _message(said: Said, channel: str, users: dict[str, str], reading: Reading) -> Row | None:
    if said.type != "message" or said.subtype not in SPOKEN or not said.text.strip():
        return None
    author = users.get(said.user) or said.username or said.user
    try:
        seconds, _, micros = said.ts.partition(".")
        at_us = int(seconds) * 1_000_000 + int((micros or "0").ljust(6, "0")[:6])
    except ValueError:
        return Bad(f"channel {channel}", "a message's ts is no time")
    return NewMessage(
        id=f"slack:{channel}:{said.ts}",
        text=said.text,
        at_us=at_us,
        talk=channel,
        author=author,
        own=reading.owns(author, said.user),
    )


def _users(files: Files) -> dict[str, str]:
    if USERS not in files.names:
        return {}
    try:
        found = msgspec.json.decode(files.read(USERS), type=list[User])
    except NO_JSON:
        raise InputError(f"{USERS} of the export cannot be read") from None
    return {user.id: user.profile.display_name or user.profile.real_name or user.name for user in found}


@contextmanager
def _files(path: Path) -> Iterator[Files]:
    if path.is_dir():
        yield Files(path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            yield Files(archive)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path} is neither a folder nor a zip that can be read ({error})") from None
