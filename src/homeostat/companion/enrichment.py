"""Enrichment: what the parts learn from messages that are stored already."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from homeostat.companion.courtesy import Courtesy
from homeostat.companion.knobs import FlowKnobs
from homeostat.companion.part import Part
from homeostat.companion.store.people import Memory, People
from homeostat.companion.turns import Turns
from homeostat.companion.unspoken import Unspoken
from homeostat.core.errors import HomeostatError, UnknownPerson
from homeostat.runtime.host import Host

Wanted = Callable[[str, str], bool]
"""Tells of a part, by its name, and a person whether it is to learn."""


class Enrichment:
    """Has each part catch up, a batch at a time: between batches the person's memory is free for others.

    The vectors of turns come first, for parts use them; while they are computed nobody's memory is held. A
    part that fails does not keep the others from learning. `held` are the people whose memory it holds now.
    Safe for threads.
    """

    def __init__(
        self,
        host: Host,
        people: People,
        parts: Sequence[Part],
        knobs: FlowKnobs,
        wanted: Wanted = lambda part, person: True,
        turns: Turns | None = None,
        courtesy: Courtesy | None = None,
    ) -> None:
        self.parts = tuple(parts)
        self.held: set[str] = set()
        self._people = people
        self._operation = host.tracer.operation
        self._request = host.tracer.request
        self._knobs = knobs
        self._wanted = wanted
        self._turns = turns
        self._courtesy = courtesy or Courtesy(host)
        names = [*([] if turns is None else [turns.name]), *(part.name for part in parts)]
        self._learned = {name: host.counter("companion.batches_learned", "1", part=name) for name in names}

    def catch_up(self, person: str) -> bool:
        """Have all parts learn until they have caught up; False where there is no such person (any more).

        Raises the first error of a part once the others are done.
        """
        with self._request("companion.enrich", user=person):
            return self._all(person)

    def _all(self, person: str) -> bool:
        errors: list[HomeostatError] = []
        steps: dict[str, Callable[[], bool]] = {}
        if self._turns is not None:
            steps[self._turns.name] = partial(self._embedded, self._turns, person)
        for part in self.parts:
            if self._wanted(part.name, person):
                steps[part.name] = partial(self._step, part, person)
        for name, step in steps.items():
            try:
                with Unspoken(f"part {name!r}"):
                    done = False
                    while not done:
                        with self._courtesy.step():
                            done = step()
                        self._learned[name].add(1)
            except UnknownPerson:
                return False
            except HomeostatError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return True

    def _step(self, part: Part, person: str) -> bool:
        with self._holding(person) as memory, self._operation(f"companion.enrich.{part.name}"):
            return part.catch_up(memory, self._knobs.enrich_batch.get())

    def _embedded(self, turns: Turns, person: str) -> bool:
        with self._operation(f"companion.enrich.{turns.name}"):
            with self._holding(person) as memory:
                missing = turns.missing(memory, self._knobs.enrich_batch.get())
            vectors = turns.rows(missing)
            with self._holding(person) as memory:
                return turns.made(memory, missing, vectors)

    @contextmanager
    def _holding(self, person: str) -> Iterator[Memory]:
        self.held.add(person)
        try:
            with self._people.open(person) as memory:
                yield memory
        finally:
            self.held.discard(person)
