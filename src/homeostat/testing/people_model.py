"""The model of a person's memory: what a store must hold, kept in plain Python and compared with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from homeostat.companion.message import Message, NewMessage
from homeostat.companion.store.people import Extent, Memory, NewRows

MODEL = "model"


def new_rows(values: Sequence[int]) -> NewRows:
    """Return rows of one number for messages on their way in."""
    return NewRows("turn", MODEL, np.array(values, np.int8).reshape(-1, 1))


@dataclass
class ModelMemory:
    """What was kept of one person; vectors are rows of one number, by seq."""

    messages: dict[int, Message] = field(default_factory=dict)
    notes: dict[str, bytes] = field(default_factory=dict)
    vectors: dict[int, int] = field(default_factory=dict)
    last: int = 0
    generation: int = 0

    def add(self, messages: Sequence[NewMessage], values: Sequence[int] | None = None) -> list[int]:
        """Keep messages, those that are new with rows of `values`; return their seqs."""
        last = self.last
        seqs = {message.id: seq for seq, message in self.messages.items()}
        given = []
        for new in messages:
            if new.id not in seqs:
                self.last += 1
                seqs[new.id] = self.last
                fields = {name: getattr(new, name) for name in new.__struct_fields__}
                self.messages[self.last] = Message(**fields, seq=self.last)
            given.append(seqs[new.id])
        if values is not None:
            rows = dict(zip(given, values, strict=True))
            self.vectors |= {seq: value for seq, value in rows.items() if seq > last}
        return given

    def edit(self, id: str, text: str, edited_us: int) -> Message | None:
        """Replace a text."""
        for seq, message in self.messages.items():
            if message.id == id:
                fields = {name: getattr(message, name) for name in message.__struct_fields__}
                fields |= {"text": text, "edited_us": edited_us}
                self.messages[seq] = Message(**fields)
                self.vectors.pop(seq, None)
                self.generation += 1
                return self.messages[seq]
        return None

    def remove(self, ids: Sequence[str]) -> int:
        """Forget messages; return how many there were."""
        gone = [seq for seq, message in self.messages.items() if message.id in ids]
        for seq in gone:
            del self.messages[seq]
            self.vectors.pop(seq, None)
        self.generation += bool(gone)
        return len(gone)

    def put_vectors(self, rows: dict[int, int]) -> None:
        """Keep rows of messages that there are."""
        self.vectors |= {seq: value for seq, value in rows.items() if seq in self.messages}

    def differences(self, memory: Memory, words: Sequence[str]) -> list[str]:
        """Return how a memory differs; `words` are looked for as words and as names of notes."""
        seqs, rows = memory.vectors.load("turn", MODEL)
        vectors = {int(seq): int(row[0]) for seq, row in zip(seqs, rows, strict=True)}
        extent = Extent(len(self.messages), self.last, self.generation)
        different = {
            "extent": memory.extent() != extent,
            "messages": memory.reading.after(0, 1 << 30) != list(self.messages.values()),
            "vectors": vectors != self.vectors,
            "notes": any(memory.notes.get(name) != self.notes.get(name) for name in words),
            "talks": int(memory.pauses.lengths()[1].sum()) != self._silence_us(),
        }
        for word in words:
            found = memory.lexical.match([word], 1 << 20)[0]
            different[f"the word {word}"] = sorted(found.tolist()) != self._with(word)
        return [name for name, differs in different.items() if differs]

    def _with(self, word: str) -> list[int]:
        """Return the seqs of messages that have a word, or follow one that has it in their talk."""
        found, before = [], dict[str, str]()
        for seq, message in self.messages.items():
            if word in message.text.split() or word in before.get(message.talk, "").split():
                found.append(seq)
            before[message.talk] = message.text
        return found

    def _silence_us(self) -> int:
        talks: dict[str, list[int]] = {}
        for message in self.messages.values():
            talks.setdefault(message.talk, []).append(message.at_us)
        return sum(int(np.ptp(at_us)) for at_us in talks.values())
