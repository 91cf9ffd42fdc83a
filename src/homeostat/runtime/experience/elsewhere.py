"""Elsewhere: what people answer to another process about requests of this one, found in the store."""

from collections.abc import Callable

import msgspec

from homeostat.core.clock import MINUTE_NS, SECOND_NS, Clock
from homeostat.core.query import RecordsQuery
from homeostat.evaluate.experience.events import Answer
from homeostat.observe.request_book import RequestBook
from homeostat.runtime.experience.book import READ_MAX, Reading, kind_of
from homeostat.runtime.experience.pseudonyms import Pseudonyms

LOOK_EVERY_NS = 5 * SECOND_NS
LATE_NS = MINUTE_NS
"""How late an answer may come into the store, the difference between the machines' clocks included."""


class Elsewhere:
    """Hands answers about remembered requests to the book of requests, each once, whoever took them.

    The store knows a request by a keyed hash alone, so that `names` must be made of the key of who took the
    answer; it is called when there is one. Cost: one read, and where there is an answer that was not there
    before, 1 us for each request that is remembered.
    """

    def __init__(
        self, requests: RequestBook, service: str, names: Callable[[], Pseudonyms], clock: Clock
    ) -> None:
        self._requests = requests
        self._kind = kind_of(Answer, service)
        self._names = names
        self._clock = clock
        self._looked_ns = clock.monotonic_ns() - LOOK_EVERY_NS
        self._since_ns = clock.now_ns()
        self._seen: frozenset[tuple[str, int]] = frozenset()

    def hear(self, store: Reading) -> None:
        """Look whether there are answers, every five seconds at most."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._looked_ns < LOOK_EVERY_NS:
            return
        self._looked_ns = now_ns
        since_ns = max(0, self._since_ns - LATE_NS)
        self._since_ns = self._clock.now_ns()
        found = store.read(RecordsQuery(self._kind, since_ns, limit=READ_MAX))
        new = [record for record in found if (record.key, record.time_ns) not in self._seen]
        self._seen = frozenset((record.key, record.time_ns) for record in found)
        if not new:
            return
        names = self._names()
        asked_for = {names.request(id): id for id in self._requests.remembered()}
        for record in new:
            id = asked_for.get(record.key.rpartition(".")[2])
            if id is not None:
                answer = msgspec.msgpack.decode(record.body, type=Answer)
                self._requests.feedback(id, {answer.instrument: answer.value}, at_ns=answer.at_ns)
