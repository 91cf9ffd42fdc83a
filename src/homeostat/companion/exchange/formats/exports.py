"""JSON exports of chat applications: Telegram, Discord (DiscordChatExporter), ChatGPT."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from homeostat.companion.exchange.formats.reading import NO_JSON, Bad, Reading, Row, document_of
from homeostat.companion.message import NewMessage
from homeostat.core.errors import InputError

T = TypeVar("T")


class TelegramMessage(msgspec.Struct):
    """One of result.json."""

    id: int
    type: str = ""
    date: str = ""
    date_unixtime: str = ""
    from_: str | None = msgspec.field(name="from", default=None)
    from_id: str = ""
    text: str | list[str | dict[str, Any]] = ""

    def words(self) -> str:
        """Return the text, of which formatted pieces come one by one."""
        if isinstance(self.text, str):
            return self.text
        return "".join(p if isinstance(p, str) else str(p.get("text", "")) for p in self.text)


class TelegramChat(msgspec.Struct):
    """One chat."""

    id: int = 0
    name: str | None = None
    messages: list[msgspec.Raw] = []


class TelegramChats(msgspec.Struct):
    """The chats of a whole account."""

    all: list[TelegramChat] = msgspec.field(name="list", default_factory=list)


class Telegram(TelegramChat):
    """result.json: one chat, or those of an account with who it is of."""

    chats: TelegramChats | None = None
    personal_information: dict[str, Any] = {}


class DiscordAuthor(msgspec.Struct):
    """Who wrote."""

    id: str = ""
    name: str = ""
    nickname: str | None = None


class DiscordMessage(msgspec.Struct):
    """One message."""

    id: str
    timestamp: datetime
    author: DiscordAuthor
    content: str = ""
    timestampEdited: datetime | None = None  # noqa: N815 - the name in the file


class DiscordChannel(msgspec.Struct):
    """Where it was."""

    id: str = ""
    name: str = ""


class Discord(msgspec.Struct):
    """The file of one channel."""

    channel: DiscordChannel
    messages: list[msgspec.Raw]


class GptContent(msgspec.Struct):
    """What was said, in parts of which some are no text."""

    parts: list[Any] = []

    def words(self) -> str:
        """Return the parts that are text."""
        return "\n".join(part for part in self.parts if isinstance(part, str) and part)


class GptAuthor(msgspec.Struct):
    """Who said it."""

    role: str = ""


class GptMessage(msgspec.Struct):
    """One message."""

    id: str
    author: GptAuthor
    create_time: float | None = None
    content: GptContent = msgspec.field(default_factory=GptContent)


class GptNode(msgspec.Struct):
    """A place in the tree of a conversation; the first has no message."""

    message: msgspec.Raw = msgspec.Raw(b"null")


class GptTalk(msgspec.Struct):
    """One conversation."""

    mapping: dict[str, GptNode]
    title: str | None = None
    id: str = ""
    conversation_id: str = ""
    create_time: float | None = None


def read_telegram(path: Path, reading: Reading) -> Iterator[Row]:
    """Yield the messages of one chat, or of all of an account, whose own they then tell."""
    found = _decoded(path, Telegram)
    chats = [found] if found.chats is None else found.chats.all
    me = str(found.personal_information.get("user_id", ""))
    total = sum(len(chat.messages) for chat in chats)
    done = 0
    for chat in chats:
        for message in _each(chat.messages, TelegramMessage):
            done += 1
            if done % 1_000 == 1:
                reading.tell(done, total)
            if isinstance(message, Bad):
                yield message
                continue
            text = message.words()
            if message.type not in ("message", "") or not text.strip():
                continue
            author = message.from_ or message.from_id
            try:
                at_us, offset_min = _telegram_moment(message, reading)
            except (ValueError, OverflowError):
                yield Bad(f"message {message.id}", "its time is none")
                continue
            yield NewMessage(
                id=f"telegram:{chat.id}:{message.id}",
                text=text,
                at_us=at_us,
                talk=chat.name or reading.talk or str(chat.id),
                author=author,
                own=reading.owns(author, message.from_id) or bool(me and message.from_id == f"user{me}"),
                offset_min=offset_min,
            )


def _telegram_moment(message: TelegramMessage, reading: Reading) -> tuple[int, int]:
    """The number is the moment; the text says by the clock on the wall there and then."""
    if not message.date_unixtime:
        return reading.moment(datetime.fromisoformat(message.date))
    at_us = int(message.date_unixtime) * 1_000_000
    if not message.date:
        return at_us, 0
    ahead_s = datetime.fromisoformat(message.date).replace(tzinfo=UTC).timestamp() - at_us / 1e6
    return at_us, round(ahead_s / 60)


def read_discord(path: Path, reading: Reading) -> Iterator[Row]:
    """Yield the messages of one channel."""
    found = _decoded(path, Discord)
    for number, message in enumerate(_each(found.messages, DiscordMessage), 1):
        if number % 1_000 == 1:
            reading.tell(number, len(found.messages))
        if isinstance(message, Bad):
            yield message
            continue
        if not message.content.strip():
            continue
        at_us, offset_min = reading.moment(message.timestamp)
        author = message.author
        yield NewMessage(
            id=f"discord:{message.id}",
            text=message.content,
            at_us=at_us,
            talk=found.channel.name or found.channel.id or reading.talk,
            author=author.nickname or author.name,
            own=reading.owns(author.name, author.nickname or "", author.id),
            offset_min=offset_min,
        )


def read_chatgpt(path: Path, reading: Reading) -> Iterator[Row]:
    """Yield what both sides said in all conversations, branches that were left too, in the order of time."""
    talks = _decoded(path, list[GptTalk])
    for number, talk in enumerate(talks, 1):
        reading.tell(number, len(talks))
        id = talk.conversation_id or talk.id
        given = [node.message for node in talk.mapping.values() if bytes(node.message) != b"null"]
        read = list(_each(given, GptMessage, f" of conversation {id}"))
        yield from (bad for bad in read if isinstance(bad, Bad))
        said = [message for message in read if isinstance(message, GptMessage)]
        known = [message for message in said if message.author.role in ("user", "assistant")]
        for message in sorted(known, key=lambda m: m.create_time or talk.create_time or 0.0):
            text = message.content.words()
            if not text.strip():
                continue
            yield NewMessage(
                id=f"chatgpt:{message.id}",
                text=text,
                at_us=round((message.create_time or talk.create_time or 0.0) * 1e6),
                talk=id,
                author=message.author.role,
                own=message.author.role == "user",
            )


def looks_like(document: object) -> str | None:
    """Return the name of the format that a decoded document has, None where it is none of these."""
    if isinstance(document, list):
        first = document[0] if document else None
        return "chatgpt" if isinstance(first, Mapping) and "mapping" in first else None
    if not isinstance(document, Mapping):
        return None
    if "chats" in document or ("messages" in document and "type" in document and "id" in document):
        return "telegram"
    return "discord" if "channel" in document and "messages" in document else None


def _each(raws: Iterable[msgspec.Raw], kind: type[T], where: str = "") -> Iterator[T | Bad]:
    """Yield messages, each read by itself: one that is none is told, and keeps no other out."""
    for number, raw in enumerate(raws, 1):
        try:
            yield msgspec.json.decode(raw, type=kind)
        except msgspec.ValidationError:
            yield Bad(f"message {number}{where}", "it has not the fields of this format")


def _decoded(path: Path, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(document_of(path), type=kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{path} is not of this format: {error}") from None
    except NO_JSON:
        raise InputError(f"{path} is no JSON") from None
