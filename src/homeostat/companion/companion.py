"""The companion: keeps what people say, finds it again, and has the parts learn from it."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from homeostat.companion.answering import Answering, Vector
from homeostat.companion.finding import Finder, Hit
from homeostat.companion.limits import QUESTION_CHARS_MAX, checked, checked_k, checked_question
from homeostat.companion.message import Message, NewMessage, kept_as
from homeostat.companion.news import What
from homeostat.companion.residents import Residents
from homeostat.companion.store.people import EVERYTHING, Extent, Memory, People, Within
from homeostat.companion.turns import Turns
from homeostat.companion.unspoken import Unspoken
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import EmbedderError, UnknownPerson
from homeostat.core.guard import guarded
from homeostat.observe.operation import Operation
from homeostat.runtime.host import Host
from homeostat.runtime.limits.deadline import within
from homeostat.runtime.limits.refused import DeadlinePassed

K = 10
RECEIVE = "companion.receive"
SEARCH = "companion.search"

EMBED_WAIT_S = 2.0
EMBED_REST_NS = 10 * SECOND_NS
"""For how long an embedder may keep a request, and for how long none asks one that failed."""

Due = Callable[[str], None]
"""Is told of each person who said something."""

Edited = Callable[[str, What], None]
"""Is told of each person of whom messages were edited or removed."""

Gone = Callable[[str], None]
"""Is told of each person who was forgotten."""

Used = Callable[[Memory, Sequence[int]], None]
"""Is told which memories were asked for and shown, while the memory is held."""

Judge = Callable[[Sequence[Hit]], Mapping[str, float]]
"""Says how good what was found is, where that is known."""


class Received(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message that was stored: its place, whether it was new, and what its person remembers about it."""

    id: str
    seq: int
    new: bool
    hits: list[Hit]


class Companion:
    """The conversation memories of all people of one store.

    What a method was given is stored, durable and searchable when it returns. Everything is synchronous and
    safe for threads; one person's messages are taken one after the other, in the order of the calls. Without
    an embedder it finds by words.
    """

    def __init__(
        self,
        host: Host,
        people: People,
        finder: Finder,
        residents: Residents,
        turns: Turns | None = None,
        due: Due = lambda person: None,
        used: Used = lambda memory, seqs: None,
        asked: Callable[[], None] = lambda: None,
        edited: Edited | None = None,
        gone: Gone = lambda person: None,
    ) -> None:
        self.people = people
        self.residents = residents
        self._finder = finder
        self._turns = turns
        self._due = due
        self._used = used
        self._was_edited = edited or (lambda person, what: due(person))
        self._gone = gone
        self._asked = asked
        self._host = host
        self._now_ns = host.clock.monotonic_ns
        self._embed_from_ns = self._now_ns()
        self._request = host.tracer.request
        self._losses = host.losses
        self._stored = host.counter("companion.messages", "1", event="stored")
        self._known = host.counter("companion.messages", "1", event="known")
        self._edited = host.counter("companion.messages", "1", event="edited")
        self._removed = host.counter("companion.messages", "1", event="removed")
        self._forgotten = host.counter("companion.people_forgotten", "1")

    def receive(self, person: str, message: NewMessage, k: int = K, judge: Judge | None = None) -> Received:
        """Keep a message and return the `k` memories that it calls up, which it is not among itself.

        What `judge` says of these becomes the outcome of the request.

        The same id again changes nothing and finds again. Raises InputError where the message or the name
        cannot be used, or the id is kept with another text; StoreError where it could not be stored.
        """
        return self.receiving(person, message, k, judge).whole()

    def receiving(
        self, person: str, message: NewMessage, k: int = K, judge: Judge | None = None
    ) -> Answering[Received]:
        """Return what `receive` does, in its steps."""
        checked(message)
        checked_k(k)

        def keep(request: Operation, vector: Vector | None) -> Received:
            self._asked()
            with self.people.open(person, create=True) as memory:
                with request.stage("store"):
                    last = self._last(memory)
                    rows = None if vector is None or self._turns is None else self._turns.of(vector[None])
                    (seq,) = memory.messages.add([message], rows)
                new = seq > last
                with request.stage("search"):
                    if new:
                        row = None if rows is None else rows.rows[0]
                        self._finder.said(memory, kept_as(message, seq), row)
                    text = message.text[:QUESTION_CHARS_MAX]
                    hits = self._finder.find(memory, text, k, vector=vector, but=[seq]) if k else []
            if judge is not None:
                request.outcome(**judge(hits))
            (self._stored if new else self._known).add(1)
            if new:
                self._due(person)
            return Received(id=message.id, seq=seq, new=new, hits=hits)

        return Answering(
            self._request(RECEIVE, user=person), lambda request: self._embedded(request, message.text), keep
        )

    def receive_many(self, person: str, messages: Sequence[NewMessage]) -> list[int]:
        """Keep messages in one transaction and return their seqs; their vectors follow in the enrichment.

        All or none: raises InputError where one of them cannot be used.
        """
        for message in messages:
            checked(message)
        if not messages:
            return []
        with self._request("companion.receive_many", user=person):
            with self.people.open(person, create=True) as memory:
                last = self._last(memory)
                seqs = memory.messages.add(messages)
            new = len({seq for seq in seqs if seq > last})
            self._stored.add(new)
            self._known.add(len(seqs) - new)
            if new:
                self._due(person)
            return seqs

    def search(self, person: str, text: str, k: int = K, within: Within = EVERYTHING) -> list[Hit]:
        """Return the `k` memories that answer a text, the best first. Raises UnknownPerson."""
        return self.searching(person, text, k, within).whole()

    def searching(
        self, person: str, text: str, k: int = K, within: Within = EVERYTHING
    ) -> Answering[list[Hit]]:
        """Return what `search` does, in its steps."""
        text = checked_question(text)
        checked_k(k)

        def embed(request: Operation) -> Vector | None:
            if self._turns is None:
                return None
            with self.people.open(person) as memory:
                gist = self._finder.gist(memory, text)
            return self._embedded(request, gist)

        def find(request: Operation, vector: Vector | None) -> list[Hit]:
            self._asked()
            with self.people.open(person) as memory:
                with request.stage("search"):
                    hits = self._finder.find(memory, text, k, vector=vector, within=within)
                with guarded(self._losses, "companion.used"), Unspoken("what follows the use of memories"):
                    self._used(memory, [hit.message.seq for hit in hits])
                return hits

        return Answering(self._request(SEARCH, user=person), embed, find)

    def edit(self, person: str, id: str, text: str, edited_us: int) -> Message | None:
        """Replace a message's text everywhere; None where there is no such message."""
        checked(NewMessage(id=id, text=text, at_us=0))
        with self._request("companion.edit", user=person) as request:
            vector = self._embedded(request, text)
            with self.people.open(person) as memory:
                message = memory.messages.edit(id, text, edited_us)
                if message is not None and vector is not None and self._turns is not None:
                    self._turns.keep(memory, [message.seq], vector[None])
            if message is not None:
                self._edited.add(1)
                self._was_edited(person, "edited")
            return message

    def remove(self, person: str, ids: Sequence[str]) -> int:
        """Forget messages for good; return how many there were."""
        with self._request("companion.remove", user=person):
            with self.people.open(person) as memory:
                count = memory.messages.remove(ids)
            if count:
                self._removed.add(count)
                self._was_edited(person, "removed")
            return count

    def forget(self, person: str) -> bool:
        """Destroy everything of a person, and the key to it; whether there was anything."""
        with self._request("companion.forget"):
            found = self.people.forget(person)
            self.residents.drop(person)
            if found:
                self._forgotten.add(1)
                self._gone(person)
            return found

    def read(
        self, person: str, after: int = 0, limit: int = 100, within: Within = EVERYTHING
    ) -> list[Message]:
        """Return up to `limit` messages that follow the seq `after`. Raises UnknownPerson."""
        with self.people.open(person) as memory:
            return memory.reading.after(after, limit, within)

    def extent(self, person: str) -> Extent:
        """Return how far a person's memory reaches. Raises UnknownPerson."""
        with self.people.open(person) as memory:
            return memory.extent()

    def last_seq(self, person: str) -> int:
        """Return the highest seq ever given to a person's messages, 0 where there is no such person."""
        try:
            return self.extent(person).last
        except UnknownPerson:
            return 0

    def one(self, person: str, id: str) -> Message | None:
        """Return the message with an id, None where there is none. Raises UnknownPerson."""
        with self.people.open(person) as memory:
            found = memory.reading.by_id([id])
        return found[0] if found else None

    def _last(self, memory: Memory) -> int:
        """Return the last seq. Who begins may have been forgotten by another process a moment ago."""
        last = memory.extent().last
        if not last:
            self.residents.drop(memory.person)
        return last

    def _embedded(self, request: Operation, text: str) -> Vector | None:
        """Return the vector of a text; None, counted, where there is none now: its row is made later.

        An embedder that failed, or let wait, is left alone for a while: it must not hold all threads up.
        """
        if self._turns is None:
            return None
        with request.stage("embed"):
            if self._now_ns() >= self._embed_from_ns:
                try:
                    with within(self._host, EMBED_WAIT_S):
                        return self._turns.row(text)
                except (EmbedderError, DeadlinePassed):
                    self._embed_from_ns = self._now_ns() + EMBED_REST_NS
            self._losses.add("companion.embedder_failed")
            return None
