"""What archaeology has learned of a person, as it stands in the notes of their memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec
import numpy as np

from homeostat.companion.archaeology.habits import NO_HOURS, Hours, kept_hours
from homeostat.companion.archaeology.rhythm import NO_RHYTHM, Rhythm, followed
from homeostat.companion.archaeology.topics import NO_TOPICS, Topics, noted
from homeostat.companion.archaeology.voice import NO_VOICE, Voice, heard
from homeostat.companion.message import Message
from homeostat.companion.ngrams.fingerprint import Fingerprint
from homeostat.companion.ngrams.spoken import spoken
from homeostat.companion.store.people import Notes

T = TypeVar("T")
VERSION = 1
CHARS_MAX = 20_000
"""What stands beyond in a message is kept and found like all else, but nothing is learned from it."""


class Progress(msgspec.Struct, frozen=True, array_like=True):
    """How far was read, and which version of this program wrote it."""

    version: int = VERSION
    generation: int = 0
    last: int = 0


class Patterns(msgspec.Struct, frozen=True, array_like=True):
    """What is kept for patterns over time."""

    voice: Voice = NO_VOICE
    topics: Topics = NO_TOPICS
    hours: Hours = NO_HOURS


@dataclass(frozen=True, slots=True)
class Learned:
    """All that is learned up to the message `progress.last`: the fingerprint is changed in place."""

    progress: Progress
    rhythm: Rhythm
    patterns: Patterns
    fingerprint: Fingerprint

    @classmethod
    def nothing(cls, generation: int) -> "Learned":
        """Return what is learned of no messages."""
        return cls(Progress(generation=generation), NO_RHYTHM, Patterns(), Fingerprint())

    def after(self, messages: Sequence[Message]) -> "Learned":
        """Return what is learned from more messages, in the order of their seqs.

        The rhythm is that of all who talk; fingerprint and patterns are the person's own. Bounded: 0.6 MB
        in the notes whatever the number of messages. Cost: 6 us a message of 20 words.
        """
        if not messages:
            return self
        own = [m if len(m.text) <= CHARS_MAX else _cut(m) for m in messages if m.own]
        said = spoken([m.text for m in own])
        self.fingerprint.learn(said, np.array([m.seq for m in own], dtype=np.int64))
        kept = self.patterns
        return replace(
            self,
            progress=msgspec.structs.replace(self.progress, last=messages[-1].seq),
            rhythm=followed(self.rhythm, messages),
            patterns=Patterns(
                heard(kept.voice, own, said), noted(kept.topics, own, said), kept_hours(kept.hours, own)
            ),
        )

    def reaching(self, last: int) -> "Learned":
        """Return the same, known to be all up to the seq `last`: later messages up to there are removed."""
        return replace(self, progress=msgspec.structs.replace(self.progress, last=last))

    def to_notes(self) -> dict[str, bytes | None]:
        """Return the notes that keep it."""
        return {
            PROGRESS: msgspec.msgpack.encode(self.progress),
            RHYTHM: _encoded(self.rhythm),
            PATTERNS: _encoded(self.patterns),
            FINGERPRINT: self.fingerprint.to_bytes(),
        }


PROGRESS, RHYTHM, PATTERNS, FINGERPRINT, WORDINGS = (
    f"archaeology.{name}" for name in ("progress", "rhythm", "patterns", "fingerprint", "wordings")
)
NO_NOTES: dict[str, bytes | None] = dict.fromkeys((PROGRESS, RHYTHM, PATTERNS, FINGERPRINT, WORDINGS))


def progress_of(notes: Notes, generation: int) -> Progress:
    """Return how far the notes reach; from the beginning where they are of another generation or version."""
    body = notes.get(PROGRESS)
    found = _decoded(body, Progress) if body is not None else None
    if found is None or (found.version, found.generation) != (VERSION, generation):
        return Progress(generation=generation)
    return found


def rhythm_of(notes: Notes) -> Rhythm:
    """Return the rhythm that the notes keep."""
    return _kept(notes, RHYTHM, Rhythm) or NO_RHYTHM


def patterns_of(notes: Notes) -> Patterns:
    """Return the patterns that the notes keep."""
    return _kept(notes, PATTERNS, Patterns) or Patterns()


def fingerprint_of(notes: Notes) -> Fingerprint:
    """Return the fingerprint that the notes keep."""
    body = notes.get(FINGERPRINT)
    return (Fingerprint.of_bytes(body) if body is not None else None) or Fingerprint()


def learned_of(notes: Notes, generation: int) -> Learned:
    """Return all that the notes keep."""
    progress = progress_of(notes, generation)
    if not progress.last:
        return Learned.nothing(generation)
    return Learned(progress, rhythm_of(notes), patterns_of(notes), fingerprint_of(notes))


def _kept(notes: Notes, name: str, kind: type[T]) -> T | None:
    body = notes.get(name)
    return _decoded(body, kind) if body is not None else None


def _cut(message: Message) -> Message:
    return msgspec.structs.replace(message, text=message.text[:CHARS_MAX])


def _encoded(value: object) -> bytes:
    return msgspec.msgpack.encode(value, enc_hook=_array_out)


def _decoded(body: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.msgpack.decode(body, type=kind, dec_hook=_array_in)
    except msgspec.MsgspecError:  # written by another version: it is learned again
        return None


def _array_out(value: Any) -> Any:
    """Return an array's kind and bytes, whole numbers in as few bytes as they need."""
    assert isinstance(value, np.ndarray)
    if value.dtype == np.int64 and value.min(initial=0) >= 0:
        kind = next((k for k in ("<u1", "<u2", "<u4") if value.max(initial=0) <= np.iinfo(k).max), "<i8")
        return kind, value.astype(kind).tobytes()
    return value.dtype.str, value.tobytes()


def _array_in(kind: type, value: Any) -> Any:
    found = np.frombuffer(value[1], dtype=value[0])
    return found.astype(np.int64) if value[0] in ("<u1", "<u2", "<u4") else found
