"""Enrichment: what the parts learn from messages that are stored already."""

from collections.abc import Callable, Sequence

from homeostat.companion.knobs import FlowKnobs
from homeostat.companion.part import Part
from homeostat.companion.store.people import People
from homeostat.companion.unspoken import Unspoken
from homeostat.core.errors import HomeostatError, UnknownPerson
from homeostat.runtime.host import Host

Wanted = Callable[[str, str], bool]
"""Tells of a part, by its name, and a person whether it is to learn."""


class Enrichment:
    """Has each part catch up, a batch at a time: between batches the person's memory is free for others.

    A part that fails does not keep the others from learning. `held` are the people whose memory it holds now.
    Safe for threads.
    """

    def __init__(
        self,
        host: Host,
        people: People,
        parts: Sequence[Part],
        knobs: FlowKnobs,
        wanted: Wanted = lambda part, person: True,
    ) -> None:
        self.parts = tuple(parts)
        self.held: set[str] = set()
        self._people = people
        self._operation = host.tracer.operation
        self._request = host.tracer.request
        self._knobs = knobs
        self._wanted = wanted
        self._learned = {p.name: host.counter("companion.batches_learned", "1", part=p.name) for p in parts}

    def catch_up(self, person: str) -> bool:
        """Have all parts learn until they have caught up; False where there is no such person (any more).

        Raises the first error of a part once the others are done.
        """
        with self._request("companion.enrich", user=person):
            return self._all(person)

    def _all(self, person: str) -> bool:
        errors: list[HomeostatError] = []
        for part in self.parts:
            if not self._wanted(part.name, person):
                continue
            try:
                with Unspoken(f"part {part.name!r}"):
                    while not self._step(part, person):
                        pass
            except UnknownPerson:
                return False
            except HomeostatError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return True

    def _step(self, part: Part, person: str) -> bool:
        self.held.add(person)
        try:
            with self._people.open(person) as memory, self._operation(f"companion.enrich.{part.name}"):
                done = part.catch_up(memory, self._knobs.enrich_batch.get())
        finally:
            self.held.discard(person)
        self._learned[part.name].add(1)
        return done
