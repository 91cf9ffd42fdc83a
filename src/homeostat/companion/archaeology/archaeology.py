"""Archaeology: follows what a person says, and tells how they talk, what changed, what is missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from homeostat.companion.archaeology.gap import Gap, gaps
from homeostat.companion.archaeology.habits import Habit, habits
from homeostat.companion.archaeology.learned import (
    NO_NOTES,
    PROGRESS,
    Learned,
    learned_of,
    patterns_of,
    progress_of,
    rhythm_of,
)
from homeostat.companion.archaeology.reconstruction.reconstructed import Reconstructed
from homeostat.companion.archaeology.reconstruction.reconstruction import place, reconstructed
from homeostat.companion.archaeology.reconstruction.wording import Writer, forget_stale, with_wording
from homeostat.companion.archaeology.rhythm import NO_RHYTHM, followed
from homeostat.companion.archaeology.topics import NO_TOPICS, Topic, come_and_gone
from homeostat.companion.archaeology.voice import VoiceChange, voice_changes
from homeostat.companion.ngrams.fingerprint import Fingerprint
from homeostat.companion.store.people import Memory
from homeostat.runtime.host import Host

STRIDE = 64
"""Messages that may wait before they are learned: so the notes are written once for as many."""

TAIL_MAX = 1_024
"""Messages that a question reads on, beyond what is learned."""


@dataclass(frozen=True, slots=True)
class PatternsFound:
    """What comes and goes in a person's messages, what recurs, and how their writing changed."""

    topics: list[Topic]
    habits: list[Habit]
    voice: list[VoiceChange]


class Archaeology:
    """A part over a person's memory. Holds nothing of a person itself; safe for threads.

    Learning waits until `STRIDE` messages have come; questions read those that wait, so that answers include
    all messages (of more than `TAIL_MAX` that wait, the first).
    """

    name = "archaeology"

    def __init__(self, host: Host, model: str | None = None, writer: Writer | None = None) -> None:
        """Use the vectors of the embedder named `model`, and a `writer` for wordings, where there are."""
        self._model = model
        self._writer = writer
        self._now_ns = host.clock.monotonic_ns
        self._learned = host.counter("companion.archaeology.learned", "1")
        self._confidence = host.histogram("companion.archaeology.confidence", "ratio")
        self._again = host.counter("companion.archaeology.learned_again", "1")
        self._duration = {
            asked: host.histogram("companion.archaeology.duration", "ms", asked=asked)
            for asked in ("gaps", "patterns", "fingerprint", "reconstruction")
        }

    def catch_up(self, memory: Memory, limit: int) -> bool:
        """Learn from up to `limit` messages that are new; start anew where the generation has changed."""
        extent = memory.extent()
        progress = progress_of(memory.notes, extent.generation)
        if not progress.last and memory.notes.get(PROGRESS) is not None:
            memory.notes.put(NO_NOTES)  # what was learned from edited and removed messages goes at once
            self._again.add(1)
        forget_stale(memory.notes, extent.generation)
        if extent.last - progress.last < STRIDE:
            return True
        messages = memory.reading.after(progress.last, limit)
        done = len(messages) < limit
        learned = learned_of(memory.notes, extent.generation).after(messages)
        memory.notes.put((learned.reaching(extent.last) if done else learned).to_notes())
        self._learned.add(len(messages))
        return done

    def fingerprint(self, memory: Memory) -> Fingerprint:
        """Return the n-grams of the person's own messages."""
        with self._measured("fingerprint"):
            return self._all_learned(memory).fingerprint

    def gaps(self, memory: Memory, limit: int = 20) -> list[Gap]:
        """Return silences that are unusual by the person's own rhythm, the most unusual first."""
        with self._measured("gaps"):
            progress = progress_of(memory.notes, memory.extent().generation)
            rhythm = rhythm_of(memory.notes) if progress.last else NO_RHYTHM
            return gaps(memory, followed(rhythm, memory.reading.after(progress.last, TAIL_MAX)), limit)

    def patterns(self, memory: Memory, limit: int = 20) -> PatternsFound:
        """Return what comes and goes, recurs and changed in the person's own messages."""
        with self._measured("patterns"):
            kept = self._all_learned(memory).patterns
            topics = come_and_gone(kept.topics, memory.reading, limit)
            return PatternsFound(topics, habits(kept.hours)[:limit], voice_changes(kept.voice)[-limit:])

    def reconstruct(self, memory: Memory, before: int, after: int, *, worded: bool = False) -> Reconstructed:
        """Return what the person likely said between two messages (their seqs; 0 for an open end).

        `worded` has the writer say it in the person's words, where there is one; the answer is kept. Raises
        InputError where nothing can lie there, HomeostatError where the writer does not answer.
        """
        with self._measured("reconstruction"):
            where = place(memory, before, after)
            generation = memory.extent().generation
            known = progress_of(memory.notes, generation).last > 0
            topics = patterns_of(memory.notes).topics if known else NO_TOPICS
            found = reconstructed(memory, where, topics, self._model)
        self._confidence.record(found.confidence)
        if worded and self._writer is not None:
            return with_wording(found, where.messages, generation, memory.notes, self._writer)
        return found

    def _all_learned(self, memory: Memory) -> Learned:
        """Return what the notes keep and what the messages add that wait."""
        learned = learned_of(memory.notes, memory.extent().generation)
        return learned.after(memory.reading.after(learned.progress.last, TAIL_MAX))

    @contextmanager
    def _measured(self, asked: str) -> Iterator[None]:
        begin_ns = self._now_ns()
        yield
        self._duration[asked].record((self._now_ns() - begin_ns) / 1e6)
