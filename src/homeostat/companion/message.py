"""The message: what one author said in one talk at one moment; everything else is learned from these."""

import msgspec


class NewMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message on its way in.

    `id` is the sender's and unique within the person: the same id again changes nothing. `author` is a name;
    `own` says whether it is the person's own. `at_us` is the moment in microseconds since the epoch, UTC;
    `offset_min` what the sender's clock was ahead of UTC then, in minutes, so that "in the evening" is the
    person's evening.
    """

    id: str
    text: str
    at_us: int
    talk: str = ""
    author: str = ""
    own: bool = True
    offset_min: int = 0


class Message(NewMessage, frozen=True, kw_only=True, gc=False):
    """A message that is kept. `seq` is its place in the person's history: from 1, in the order of arrival."""

    seq: int
    edited_us: int = 0


def kept_as(new: NewMessage, seq: int) -> Message:
    """Return a message as it is kept at a seq."""
    return Message(
        id=new.id,
        text=new.text,
        at_us=new.at_us,
        talk=new.talk,
        author=new.author,
        own=new.own,
        offset_min=new.offset_min,
        seq=seq,
    )
