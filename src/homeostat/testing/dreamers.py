"""Dreamers: a store with its dreams, without a server, for tests and benchmarks of dreams."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import count

from homeostat.companion.dream import diary
from homeostat.companion.dream.dreams import Dreams
from homeostat.companion.dream.integrate.integration import Integration
from homeostat.companion.dream.knobs import DreamKnobs
from homeostat.companion.dream.prose import Writer
from homeostat.companion.dream.scene import Dream, Steering
from homeostat.companion.dream.session import Session
from homeostat.companion.dream.stages import Stages
from homeostat.companion.dream.wishes import Wishes, keep_wishes
from homeostat.companion.dream.work import Rests
from homeostat.companion.message import Message, NewMessage
from homeostat.companion.palace.palace import Palace
from homeostat.companion.residents import Residents
from homeostat.companion.store.people import People
from homeostat.companion.turns import Turns
from homeostat.core.clock import Clock
from homeostat.core.embedder import Embedder
from homeostat.evaluate.safety.guard import Guard
from homeostat.evaluate.safety.policy import policy
from homeostat.loop.evaluating.evaluators import Evaluators
from homeostat.runtime.guarding.guarding import Guarding
from homeostat.testing.bare_host import BareHost

DAY_US = 86_400_000_000
BEGIN_US = 1_700_000_000_000_000
NOW_US = BEGIN_US + 400 * DAY_US
RESIDENT_BYTES = 256 << 20

LIFE = (
    "My sister Clara moved to Lisbon and loves the trams there",
    "I want to visit Clara in Lisbon next spring",
    "The sourdough bread failed again, it was flat and sad",
    "Should I give up on the bread, or try another flour?",
    "Today the sourdough bread was wonderful, I was so happy!",
    "Boris lent me his old guitar for the summer",
    "I play the guitar each evening, a slow song",
    "Boris asked whether the guitar still has all strings",
    "We walked along the river near Graz with Clara",
    "The river was high after the rain",
    "I am going to paint the kitchen yellow",
    "Do you remember the name of that cafe in Lisbon?",
    "I never liked the colour yellow in a kitchen",
    "Clara sent a picture of the trams in the rain",
    "The neighbours complained about the slow song",
    "I bought new strings for the guitar of Boris",
    "Nothing much happened, I read a book about rivers",
    "What shall I cook for Clara when she comes?",
    "The book about rivers was about the Danube and its floods",
    "I baked two loaves of bread for the neighbours",
    "They were delighted with the bread and invited me",
    "I will learn a faster song for the neighbours",
    "Boris moved to Graz in the autumn",
    "Graz is beautiful when the leaves fall",
)
"""What somebody says, a message a day."""


class Dreamers:
    """One store with its dreams, and ways to have somebody say something and dream of it."""

    def __init__(
        self,
        people: People,
        writer: Writer | None = None,
        embedder: Embedder | None = None,
        clock: Clock | None = None,
        *,
        whole: bool = False,
        rests: Rests = nullcontext,
    ) -> None:
        """Dream by the grammar, or with a writer; `whole` with palace and integration, as the server does.

        What is told is handed to `evaluators`, to which nothing is attached.
        """
        self.host = BareHost(clock)
        self.evaluators = Evaluators(self.host, {})
        self.people = people
        self.knobs = DreamKnobs.declared(self.host)
        self.knobs.cpu_share.pin(4.0)  # a clock that stands drains no budget
        palace = Palace(self.host, Residents(RESIDENT_BYTES), embedder)
        integration = Integration(self.host, embedder)
        self.stages = Stages(
            self.knobs,
            lambda: NOW_US,
            embedder,
            palace.presence if whole else None,
            integration.derived if whole else None,
        )
        self._turns = None if embedder is None else Turns(embedder)
        names = count()
        self.dreams = Dreams(
            self.host,
            people,
            self.stages,
            self.knobs,
            Guarding(self.host, Guard(policy("adult"))),
            lambda: f"dream-{next(names)}",
            writer=writer,
            rests=rests,
            said=self.evaluators.said,
            integrate=(lambda memory, limit: integration.integrate(memory, limit).done) if whole else None,
        )

    def say(self, person: str, texts: Sequence[str], *, own: bool = True, author: str = "") -> None:
        """Have a person say things, one a day."""
        with self.people.open(person, create=True) as memory:
            first = memory.extent().last
            memory.messages.add(
                [
                    NewMessage(
                        id=f"m{first + n}",
                        text=text,
                        at_us=BEGIN_US + (first + n) * DAY_US,
                        talk=f"t{(first + n) // 4}",
                        own=own,
                        author=author,
                    )
                    for n, text in enumerate(texts)
                ]
            )
            if self._turns is not None:
                while not self._turns.catch_up(memory, 1_000):
                    pass

    def wish(self, person: str, *triggers: str, consent: bool = True) -> None:
        """Have a person want dreams."""
        with self.people.open(person, create=True) as memory:
            keep_wishes(memory.notes, Wishes(consent=consent, triggers=triggers))

    def dream(self, person: str, steering: Steering | None = None) -> Session:
        """Dream one to its end."""
        session = self.dreams.begin(person, steering=steering)
        asyncio.run(self.dreams.run(session))
        return session

    def diary(self, person: str) -> tuple[Dream, ...]:
        """Return what is in the diary."""
        with self.people.open(person) as memory:
            return diary.dreams_of(memory)

    def messages(self, person: str) -> dict[int, Message]:
        """Return all messages by their seqs."""
        with self.people.open(person) as memory:
            return {message.seq: message for message in memory.reading.after(0, 100_000)}
