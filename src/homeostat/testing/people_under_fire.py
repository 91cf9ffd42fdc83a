"""People under fire: a program writes to memories, is killed over and over, and is held to what it said.

As a program, `python -m homeostat.testing.people_under_fire ADDRESS FIRST`, it does one deed after another
and prints its number when it is done. What a deed is follows from its number alone.
"""

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np

from homeostat.companion.message import NewMessage
from homeostat.companion.store.keys import KEY_VARIABLE
from homeostat.companion.store.opening import people_at
from homeostat.companion.store.people import Memory, People
from homeostat.testing.faults.victim import Victim
from homeostat.testing.people_model import MODEL, ModelMemory, new_rows

PERSONS = ("ann", "bob", "cid")
WORDS = ("heron", "barge", "tulip", "quartz", "velvet", "walnut", "zither")
KEY = "5a" * 32
RECENT = 200


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done to one person's memory; the same to a model of it."""

    number: int
    person: str
    kind: str
    rng: random.Random

    @classmethod
    def of(cls, number: int) -> "Deed":
        """Return the deed with a number."""
        rng = random.Random(number)  # noqa: S311 - a plan, not a secret
        kinds = ("add", "import", "edit", "remove", "vectors", "note", "forget")
        (kind,) = rng.choices(kinds, (50, 10, 10, 10, 10, 8, 2))
        return cls(number, rng.choice(PERSONS), kind, rng)

    def message(self, part: int = 0) -> NewMessage:
        """Return a new message of this deed."""
        return NewMessage(
            id=f"{self.number}.{part}",
            text=" ".join(self.rng.choices(WORDS, k=6)) + " and more of this kind" * self.rng.randrange(9),
            at_us=self.rng.randrange(1 << 40),
            talk=self.rng.choice(("", "b", "c")),
        )

    def recent(self) -> str:
        """Return an id that a deed before this one may have made."""
        return f"{self.number - self.rng.randrange(1, RECENT)}.0"

    def to_memory(self, memory: Memory) -> None:
        """Do it to a memory."""
        match self.kind:
            case "add":
                memory.messages.add([self.message()], new_rows([self.number % 100]))
            case "import":
                memory.messages.add([self.message(part) for part in range(200)])
            case "edit":
                memory.messages.edit(self.recent(), self.rng.choice(WORDS), self.number)
            case "remove":
                memory.messages.remove([self.recent() for _ in range(60)])
            case "vectors":
                rows = self._rows(memory.extent().last)
                values = np.array(list(rows.values()), np.int8).reshape(-1, 1)
                memory.vectors.put("turn", MODEL, list(rows), values)
            case _:
                memory.notes.put({self.rng.choice(WORDS): str(self.number).encode() * 2_000})

    def to_model(self, memory: ModelMemory) -> None:
        """Do it to a model."""
        match self.kind:
            case "add":
                memory.add([self.message()], [self.number % 100])
            case "import":
                memory.add([self.message(part) for part in range(200)])
            case "edit":
                memory.edit(self.recent(), self.rng.choice(WORDS), self.number)
            case "remove":
                memory.remove([self.recent() for _ in range(60)])
            case "vectors":
                memory.put_vectors(self._rows(memory.last))
            case _:
                memory.notes[self.rng.choice(WORDS)] = str(self.number).encode() * 2_000

    def _rows(self, last: int) -> dict[int, int]:
        seqs = range(max(1, last - 100), last + 1)
        return {seq: self.rng.randrange(-127, 128) for seq in seqs}


def do(people: People, deed: Deed) -> None:
    """Do a deed."""
    if deed.kind == "forget":
        people.forget(deed.person)
        return
    with people.open(deed.person, create=True) as memory:
        deed.to_memory(memory)


def imagine(models: dict[str, ModelMemory], deed: Deed) -> None:
    """Do a deed to the models."""
    if deed.kind == "forget":
        models.pop(deed.person, None)
        return
    deed.to_model(models.setdefault(deed.person, ModelMemory()))


@dataclass(slots=True)
class Losses:
    """What a fire left: deeds that were done and are not (wholly) there, and people who cannot be read."""

    kills: int = 0
    done: int = 0
    in_flight_kept: int = 0
    differences: int = 0
    damaged: int = 0


def set_on_fire(address: str, kills: int, damaged: Callable[[], int] = lambda: 0) -> Losses:
    """Kill the program so many times; after each, compare all that is kept with what it said it had done.

    A deed that was being done may be there or not, but not in part. `damaged` looks at what a killed program
    left and says how many files are.
    """
    models: dict[str, ModelMemory] = {}
    losses = Losses()
    rng = random.Random(kills)  # noqa: S311 - a plan, not a secret
    first = 1
    for _ in range(kills):
        with Victim(
            ("-m", __name__, address, str(first)), {KEY_VARIABLE: KEY, "PYTHONUNBUFFERED": "1"}
        ) as victim:
            victim.wait_for_lines(rng.randrange(1, 60))
            said = [int(line) for line in victim.kill()]
        assert said == list(range(first, first + len(said)))
        for number in said:
            imagine(models, Deed.of(number))
        first += len(said)
        losses.kills += 1
        losses.done += len(said)
        if _differences(address, models):
            imagine(models, Deed.of(first))
            first += 1
            losses.in_flight_kept += 1
            # Of what differs still, neither state explains it.
            losses.differences += len(_differences(address, models))
        losses.damaged += damaged()
    return losses


def _differences(address: str, models: dict[str, ModelMemory]) -> list[str]:
    people = people_at(address, environment={KEY_VARIABLE: KEY})
    try:
        found = people.names("", len(PERSONS) + 1)
        different = [] if found == sorted(models) else ["people"]
        for name in found:
            with people.open(name) as memory:
                model = models.get(name, ModelMemory())
                different += [f"{name}'s {what}" for what in model.differences(memory, WORDS)]
    finally:
        people.close()
    return different


def main(address: str, first: int) -> None:
    """Do deeds for ever."""
    people = people_at(address)
    for number in count(first):
        do(people, Deed.of(number))
        sys.stdout.write(f"{number}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
