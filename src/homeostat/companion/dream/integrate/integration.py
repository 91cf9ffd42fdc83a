"""Integration: the stage of a dream in which what a person said is connected, in small steps."""

import re
from collections.abc import Sequence

import msgspec
import numpy as np

from homeostat.act.knobs.declaration import declared
from homeostat.companion.dream.derived import Derived, Relation
from homeostat.companion.dream.integrate import kept
from homeostat.companion.dream.integrate.introducing import LOOK_BACK, introductions
from homeostat.companion.dream.integrate.kept import (
    PAGE,
    RELATIONS,
    ROW,
    STATED,
    WORDED,
    Head,
    Page,
    number_of,
)
from homeostat.companion.dream.integrate.lexicon import Lexicon
from homeostat.companion.dream.integrate.linking import linked, rows_of
from homeostat.companion.dream.integrate.reading import derived
from homeostat.companion.dream.integrate.statements import Statement, single, statements
from homeostat.companion.message import Message
from homeostat.companion.palace.tiers import DAY_US
from homeostat.companion.store.people import Memory
from homeostat.companion.turns import KIND as TURN
from homeostat.core.embedder import Embedder
from homeostat.runtime.host import Host

STEP = 64
EVERY = 1 << 40
"""Above every seq: the last block is not full, and all in it is old."""

SAME_WORDS_MIN = 4
"""Messages of fewer words say the same now and then; they are not merged."""

_WORD = re.compile(r"[^\W_]+")
_TASTES = frozenset({Relation.LIKES, Relation.DISLIKES})


class Integrated(msgspec.Struct, frozen=True, kw_only=True):
    """What one step did: messages that were looked at, and what was derived from them and forgotten.

    `forgotten` counts messages that were edited or removed since, with all that was derived from them;
    `compacted` rows of vectors that were made smaller. `done` where nothing is left to do.
    """

    done: bool
    looked: int = 0
    facts: int = 0
    links: int = 0
    forgotten: int = 0
    compacted: int = 0


class Integration:
    """A part that dreams have work: it derives links and facts, merges, resolves, makes old vectors compact.

    The dream calls `integrate` until it is done, each time with the memory held anew: a step of 64 messages
    takes some 0.1 s. What was derived is in the notes, as places in messages: no word of the person is kept
    twice, and what is derived from a message that was edited or removed since is gone at once.
    """

    name = "integrate"

    def __init__(self, host: Host, embedder: Embedder | None = None, lexicon: Lexicon | None = None) -> None:
        self._embedder = embedder
        self._made_by = ("" if embedder is None else embedder.model, "" if lexicon is None else lexicon.name)
        self._lexicon = lexicon
        self._clock = host.clock
        self._compact_days = host.knob_set.declare(
            declared(
                "dream_compact_days",
                30.0,
                low=1.0,
                high=3_650.0,
                log=True,
                help="days after which the vector of a memory is kept in a third of the bytes",
            )
        )
        self._counters = {
            kind: host.counter("companion.dream_integrated", "1", kind=kind)
            for kind in ("looked", "facts", "links", "forgotten", "compacted")
        }

    def integrate(self, memory: Memory, limit: int = STEP) -> Integrated:
        """Do the next step, of up to `limit` messages."""
        extent = memory.extent()
        head = self._begun(memory, extent.generation)
        if head.last < extent.last:
            did = self._derive(memory, head, extent.last, limit)
        else:
            did = self._compact(memory, head, limit)
            if did.done and self._lexicon is not None:
                did = msgspec.structs.replace(did, done=self._lexicon.grow(limit))
        for kind, counter in self._counters.items():
            counter.add(getattr(did, kind))
        return did

    def catch_up(self, memory: Memory, limit: int) -> bool:
        """Forget what was derived from messages that were edited or removed; to derive is for dreams.

        As a part it does so soon after, whether the person dreams (any more) or not.
        """
        head, generation = kept.head_of(memory), memory.extent().generation
        if head.stamp and head.cleared != generation:
            pages = {number: kept.page_of(memory, number) for number in range(head.pages)}
            gone = [seq for page in pages.values() for seq in _changed(memory, page)]
            head.cleared = generation
            kept.put(
                memory, head, {number: page.without(gone) for number, page in pages.items()} if gone else {}
            )
        return True

    def derived(self, memory: Memory, seqs: Sequence[int]) -> list[Derived]:
        """Return what was derived from these messages as they are now, with its sources."""
        return derived(memory, seqs)

    def _begun(self, memory: Memory, generation: int) -> Head:
        """Return the head; where messages were edited or removed since, all are looked at again."""
        head = kept.head_of(memory)
        model, lexicon = self._made_by
        if (head.model, head.lexicon) != self._made_by:  # links and numbers of words say nothing any more
            kept.forget(memory, head)
            head = Head(model=model, lexicon=lexicon, stamp=head.stamp)
        if head.generation != generation:
            head.generation, head.last, head.changed = generation, 0, []
        return head

    def _derive(self, memory: Memory, head: Head, last: int, limit: int) -> Integrated:
        """Derive from the messages that follow; those that are as they were are passed over."""
        messages = memory.reading.after(head.last, limit)
        reached = messages[-1].seq if len(messages) == limit else last
        pages = {
            number: kept.page_of(memory, number)
            for number in range((head.last + 1) // PAGE, reached // PAGE + 1)
        }
        known = {
            seq: text
            for page in pages.values()
            for seq, text in page.rows[["seq", "text"]].tolist()
            if head.last < seq <= reached
        }
        fresh = [message for message in messages if known.get(message.seq) != number_of(message.text)]
        gone = set(known) - {message.seq for message in messages} | {m.seq for m in fresh if m.seq in known}
        head.changed = sorted({*head.changed, *gone})
        new = self._noted(memory, messages, fresh)
        for number, page in pages.items():
            pages[number] = page.without(head.changed).joined(new.of_page(number))
        head.last = reached
        kept.put(memory, head, pages)
        return Integrated(
            done=False,
            looked=len(messages),
            facts=len(new.stated),
            links=len(new.linked),
            forgotten=len(gone),
        )

    def _noted(self, memory: Memory, follow: Sequence[Message], messages: Sequence[Message]) -> Page:
        """Return what is derived from messages, which are some of those that follow one another."""
        if not messages:
            return Page()
        lexicon = self._lexicon
        first = follow[0].seq
        before = [m for m in memory.reading.after(max(first - LOOK_BACK - 1, 0), LOOK_BACK) if m.seq < first]
        introduced = {m.seq: new for m, new in zip(follow, introductions(before, follow), strict=True)}
        rows = [
            (m.seq, number_of(m.text), introduced[m.seq].kinds, introduced[m.seq].tells, _words_number(m))
            for m in messages
        ]
        stated = [
            (m.seq, RELATIONS.index(s.relation), s.begin, s.end, s.about_begin, s.about_end, _key(m, s))
            for m in messages
            for s in statements(m.text)
        ]
        worded = [(m.seq, word) for m in messages for word in (lexicon.numbers(m.text) if lexicon else ())]
        return Page(
            np.array(rows, ROW),
            np.array(stated, STATED),
            linked(memory, messages, rows_of(memory, self._embedder)),
            np.array(worded, WORDED),
        )

    def _compact(self, memory: Memory, head: Head, limit: int) -> Integrated:
        """Make the vectors of the next messages smaller, if these are old."""
        old_us = self._clock.now_ns() // 1_000 - int(self._compact_days.get() * DAY_US)
        messages = memory.reading.after(head.compact, limit)
        young = next((message.seq for message in messages if message.at_us > old_us), None)
        last = young is not None or len(messages) < limit
        reached = messages[-1].seq if young is None and messages else (young or head.compact + 1) - 1
        before = EVERY if young is None and last else reached + 1
        compacted = memory.vectors.compact(TURN, before, limit)
        if not compacted and (reached > head.compact or head.changed):
            head.compact, head.changed = reached, []
            kept.put(memory, head, {})
        return Integrated(done=not compacted and last, compacted=compacted)


def _changed(memory: Memory, page: Page) -> list[int]:
    """Return the messages of a page that were edited or removed since it was kept."""
    found = {m.seq: number_of(m.text) for m in memory.reading.by_seq(page.rows["seq"].tolist())}
    rows = page.rows[["seq", "text"]].tolist()
    return [seq for seq, text in rows if found.get(seq) != text]


def _words_number(message: Message) -> int:
    """Return the number of what an author says in these words, 0 where they are few."""
    words = _WORD.findall(message.text.casefold())
    return number_of(message.author, *words) if len(words) >= SAME_WORDS_MIN else 0


def _key(message: Message, said: Statement) -> int:
    """Return the number of what has one value at a time: where somebody lives, what they think of a thing."""
    if single(said.relation):
        about = message.text[said.about_begin : said.about_end]
        return number_of(message.author, said.relation, about.casefold())
    if said.relation in _TASTES:
        return number_of(message.author, "taste", message.text[said.begin : said.end].casefold())
    return 0
