"""The mirror: the part of the companion that learns how a person talks, answers and chooses."""

from collections.abc import Sequence

import msgspec

from homeostat.companion.mirror import learned as held
from homeostat.companion.mirror.authorship.same_author import SameAuthor, compare
from homeostat.companion.mirror.decisions import decisions as decided
from homeostat.companion.mirror.decisions.decisions import Context, Decisions, Foretold
from homeostat.companion.mirror.learned import Learned
from homeostat.companion.mirror.replies.features import Turn
from homeostat.companion.mirror.replies.likely import Likely, LikelyReply, likely, past_replies
from homeostat.companion.mirror.replies.writing import Writer, written
from homeostat.companion.mirror.shown import EXPLAINED, Shown, shown
from homeostat.companion.mirror.voice.plain import Names, plain
from homeostat.companion.mirror.voice.voice import count
from homeostat.companion.store.people import Memory, Within
from homeostat.core.embedder import Embedder
from homeostat.core.errors import InputError, NotAvailable
from homeostat.evaluate.safety.category import Action
from homeostat.runtime.guarding.guarding import Guarding
from homeostat.runtime.host import Host

LEARNED = "mirror"
DECISIONS = "mirror.decisions"
CORRECTIONS = "mirror.corrections"
OFF = "mirror.off"

BESIDE = 400
"""The last so many messages are looked at for what others said."""

K = 5
CANDIDATES_MAX = 200
CORRECTION_CHARS_MAX = 300

_CORRECTIONS = msgspec.msgpack.Decoder(dict[str, str])


class Mirror:
    """A part: learns from a person's own messages, and answers for them while they have not turned it off.

    Everything that is learned of a person is in the notes of their memory. With a writer it can put a reply
    into words, of which it shows what the guarding lets pass; without, a reply is one of theirs. Raises
    NotAvailable where the person has turned it off.
    """

    name = "mirror"

    def __init__(
        self,
        host: Host,
        embedder: Embedder | None = None,
        writer: Writer | None = None,
        guarding: Guarding | None = None,
    ) -> None:
        self._embedder = embedder
        self._guarding = guarding
        self._writer = writer
        self._counters = {
            (question, answered): host.counter(
                "companion.mirror_answers",
                "1",
                question=question,
                outcome="claimed" if answered else "not known",
            )
            for question in ("author", "reply", "decision")
            for answered in (True, False)
        }
        self._written = host.counter("companion.mirror_written", "1")

    def catch_up(self, memory: Memory, limit: int) -> bool:
        """Learn from up to `limit` messages that are new, anew where one was edited or removed."""
        if self.is_off(memory):
            return True
        extent = memory.extent()
        found = held.decode(memory.notes.get(LEARNED))
        if found.generation != extent.generation:
            found = Learned(generation=extent.generation)
        messages = memory.reading.after(found.last, limit)
        if messages:
            found.learn(messages)
            found.last = messages[-1].seq
        if len(messages) < limit:
            found.last = extent.last
        memory.notes.put({LEARNED: held.encode(found)})
        return found.last >= extent.last

    def same_author(self, memory: Memory, texts: Sequence[str]) -> SameAuthor:
        """Return how likely it is that the person wrote these texts, at equal odds beforehand.

        What others said of late in the same talks is known not to be theirs, and keeps the answer sober where
        everybody writes unlike those that the check was learned from.
        """
        found = self._learned(memory)
        hidden = Names(found.names)
        others = memory.reading.after(max(found.last - BESIDE, 0), BESIDE, Within(own=False))
        beside = count(plain([message.text for message in others[-min(len(texts), 100) :]], hidden))
        answer = compare(found.counted(), count(plain(texts, hidden)), beside)
        self._counters["author", answer.probability is not None].add(1)
        return answer

    def likely(
        self, memory: Memory, turns: Sequence[Turn], candidates: Sequence[str] | None = None, k: int = K
    ) -> Likely:
        """Return the `k` likeliest of the candidates, or of what the person said after turns like the last.

        Raises InputError without turns or with too many candidates, EmbedderError where it cannot embed.
        """
        self._refuse_if_off(memory)
        _refuse_unusable(turns, candidates)
        found = likely(memory, self._embedder, turns, candidates, k)
        self._counters["reply", found.knows].add(1)
        return found

    def reply(self, memory: Memory, turns: Sequence[Turn]) -> LikelyReply | None:
        """Return a reply and who wrote it: a model in the person's voice, or, without a writer, the person.

        None where it has no writer and does not know, or where what was written may not be shown. A model's
        reply has probability 0: nothing is known of it. Raises HomeostatError where the model does not
        answer.
        """
        if self._writer is None:
            found = self.likely(memory, turns)
            return found.replies[0] if found.knows else None
        learned = self._learned(memory)
        _refuse_unusable(turns, None)
        view = self._view(memory, learned)
        voice = {one.name: one.value for one in view.aspects if one.value}
        text = written(self._writer, turns, voice, [one.text for one in past_replies(memory, turns)])
        self._written.add(1)
        if self._guarding is not None:
            verdict = self._guarding.check(text, person=memory.person, place="mirror")
            if verdict.action.rank > Action.SOFTEN.rank:
                return None
            text = verdict.text
        return LikelyReply(text, 0.0, f"model:{self._writer.model}", None, {})

    def decided(self, memory: Memory, context: Context, choice: str, at_us: int, offset_min: int = 0) -> bool:
        """Learn a choice that the person made; False where they have turned the mirror off."""
        if self.is_off(memory):
            return False
        found = self._decisions(memory)
        found.learn(context, choice, at_us, offset_min)
        memory.notes.put({DECISIONS: msgspec.msgpack.encode(found)})
        return True

    def foretell(self, memory: Memory, context: Context, at_us: int, offset_min: int = 0) -> Foretold:
        """Return what the person would likely choose; its choice is None where that is not known."""
        self._refuse_if_off(memory)
        found = self._decisions(memory).foretell(context, at_us, offset_min)
        self._counters["decision", found.choice is not None].add(1)
        return found

    def shown(self, memory: Memory) -> Shown:
        """Return all that is held about the person, as plain data; also while it is turned off."""
        return self._view(memory, self._current(memory))

    def correct(self, memory: Memory, aspect: str, value: str | None) -> None:
        """Put the person's own word in the place of what was learned; None takes it back.

        Raises InputError for an unknown aspect or a value that is too long.
        """
        self._refuse_if_off(memory)
        if aspect not in EXPLAINED:
            raise InputError(f"there is no aspect {aspect[:50]!r}; there are {', '.join(EXPLAINED)}")
        if value is not None and not 0 < len(value) <= CORRECTION_CHARS_MAX:
            raise InputError(f"a correction has 1 to {CORRECTION_CHARS_MAX} characters, not {len(value)}")
        corrections = self._corrections(memory)
        corrections.pop(aspect, None)
        if value is not None:
            corrections[aspect] = value
        memory.notes.put({CORRECTIONS: msgspec.msgpack.encode(corrections) if corrections else None})

    def off(self, memory: Memory) -> None:
        """Forget all that was learned and corrected, and learn nothing from now on."""
        memory.notes.put({LEARNED: None, DECISIONS: None, CORRECTIONS: None, OFF: b"1"})

    def on(self, memory: Memory) -> None:
        """Learn again, from the first message that is kept; decisions that were forgotten stay forgotten."""
        memory.notes.put({OFF: None})

    def is_off(self, memory: Memory) -> bool:
        """Whether the person has turned it off."""
        return memory.notes.get(OFF) is not None

    def _refuse_if_off(self, memory: Memory) -> None:
        if self.is_off(memory):
            raise NotAvailable(f"{memory.person} has turned the mirror off; they alone turn it on again")

    def _learned(self, memory: Memory) -> Learned:
        self._refuse_if_off(memory)
        return self._current(memory)

    def _current(self, memory: Memory) -> Learned:
        """Return what was learned; nothing where a message was edited or removed since."""
        found = held.decode(memory.notes.get(LEARNED))
        generation = memory.extent().generation
        return found if found.generation == generation else Learned(generation=generation)

    def _decisions(self, memory: Memory) -> Decisions:
        return decided.decode(memory.notes.get(DECISIONS))

    def _corrections(self, memory: Memory) -> dict[str, str]:
        note = memory.notes.get(CORRECTIONS)
        return {} if note is None else _CORRECTIONS.decode(note)

    def _view(self, memory: Memory, learned: Learned) -> Shown:
        size = sum(len(memory.notes.get(note) or b"") for note in (LEARNED, DECISIONS, CORRECTIONS))
        on = not self.is_off(memory)
        return shown(learned, self._decisions(memory), self._corrections(memory), on=on, size=size)


def _refuse_unusable(turns: Sequence[Turn], candidates: Sequence[str] | None) -> None:
    if not turns:
        raise InputError("a reply needs at least one turn that it answers")
    if candidates is not None and not 0 < len(candidates) <= CANDIDATES_MAX:
        raise InputError(f"1 to {CANDIDATES_MAX} candidates are ranked, not {len(candidates)}")
