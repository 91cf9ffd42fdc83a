"""Canaries: people who do not exist, whose memories hold planted facts: what is found of them is measured.

Each asks as anybody does, with a message: it goes through the same code, under the same knobs, and what was
found is the outcome `recall` of its request. So a trial that makes messages faster and finding worse fails
its guardrail. The same question has the same id each time, so that a canary's memory does not grow.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from homeostat.companion.canary_names import PREFIX
from homeostat.companion.companion import Companion, K
from homeostat.companion.dream.wishes import Wishes, keep_wishes
from homeostat.companion.finding import Hit
from homeostat.companion.message import NewMessage
from homeostat.companion.search.recall import Asked, recall
from homeostat.runtime.host import Host

PEOPLE = 8
FACTS = 24
IDLE = 60
"""Messages between the facts, in which the same people and places come up."""

BEGIN_US = 1_700_000_000_000_000
FIRST = 3
"""Among how many of what was found the fact has to be: among ten it nearly always is."""

STEP_US = 3_600_000_000

_WHO = ("Ana", "Boris", "Chloe", "Deniz", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jana", "Kofi", "Lena")
_TIES = ("sister", "brother", "neighbour", "colleague", "cousin", "teacher", "boss", "friend")
_WHERE = ("Lisbon", "Graz", "Oslo", "Turin", "Ghent", "Porto", "Malmo", "Bergen", "Split", "Cork", "Nantes")
_WORK = ("baker", "pilot", "nurse", "tailor", "geologist", "drummer", "judge", "gardener")
_THINGS = (
    "a red kayak",
    "an old piano",
    "a beehive",
    "a telescope",
    "a parrot",
    "a tandem",
    "a loom",
    "a forge",
)
_IDLE = (
    "{who} said that {where} was cold this week",
    "I slept badly and drank too much coffee",
    "we talked about {where} for an hour",
    "{who} was late again, as always",
    "the train to {where} did not run today",
    "I should call {who} some time",
    "nothing much happened, I read a book",
    "do you think that {who} would like {where}?",
)
_FACTS = (
    ("my {tie} {who} lives in {where} now", "Where does {who} live now?"),
    ("{who} has a new job as a {work}", "What is the new job of {who}?"),
    ("{who} bought {thing} at a market", "What did {who} buy at the market?"),
    ("I met {who} for the first time in {where}", "Where did I meet {who} for the first time?"),
)
_KINDS = (
    ("What pets do we have?", ("our cat had to see the vet", "the hamster got out of its cage")),
    ("What instruments do I play?", ("I practised on the violin until ten", "my flute is out of tune")),
    ("What dishes do we cook?", ("the soup with rice was good again", "on Sundays there is pizza here")),
    ("What games do we have?", ("at chess he always wins", "one piece of the puzzle is under the bed")),
    ("What vehicles do we own?", ("the old car broke down", "I got the motorcycle back from the garage")),
    ("What films do I watch?", ("that comedy made me laugh all evening", "we sat in the cinema till one")),
    ("What crafts am I into?", ("I knit while it rains", "the pottery has a crack")),
    ("What injuries did I have?", ("my ankle is swollen", "the surgery on the knee went well")),
)
"""Questions for several things, which share no word with what answers them: only who has dreamed knows it."""

ASKED = FACTS + len(_KINDS)
"""Questions that each of them asks."""


@dataclass(frozen=True, slots=True)
class Canary:
    """One of them: what they said, and questions about it."""

    person: str
    messages: Sequence[NewMessage]
    asked: Sequence[Asked]


def canary(number: int) -> Canary:
    """Make one up, the same for the same number."""
    rng = random.Random(number)  # noqa: S311 - to be the same again
    facts = [_fact(rng, turn) for turn in range(FACTS)]
    said = [(f"fact.{turn}", text) for turn, (text, _) in enumerate(facts)]
    for turn in range(IDLE):
        text = rng.choice(_IDLE).format(who=rng.choice(_WHO), where=rng.choice(_WHERE))
        said.insert(rng.randrange(len(said) + 1), (f"idle.{turn}", text))
    said += [
        (f"kind.{turn}.{part}", text)
        for turn, (_, texts) in enumerate(_KINDS)
        for part, text in enumerate(texts)
    ]
    messages = [
        NewMessage(id=id, text=text, at_us=BEGIN_US + place * STEP_US, talk=f"talk {place // 12}")
        for place, (id, text) in enumerate(said)
    ]
    asked = [Asked(question, (f"fact.{turn}",)) for turn, (_, question) in enumerate(facts)]
    asked += [
        Asked(question, tuple(f"kind.{turn}.{part}" for part in range(len(texts))))
        for turn, (question, texts) in enumerate(_KINDS)
    ]
    return Canary(f"{PREFIX}{number}", messages, asked)


def _fact(rng: random.Random, turn: int) -> tuple[str, str]:
    """Return a fact and the question to it, no two of which are about the same person and matter."""
    fact, question = _FACTS[turn // len(_WHO) * 2 + rng.randrange(2)]
    who = _WHO[turn % len(_WHO)]
    words = {
        "who": who,
        "tie": rng.choice(_TIES),
        "where": rng.choice(_WHERE),
        "work": rng.choice(_WORK),
        "thing": rng.choice(_THINGS),
    }
    return fact.format(**words), question.format(who=who)


def canary_words(people: int, at_least: int = 8) -> frozenset[str]:
    """Return long words that so many canaries say: where one can be read raw, nothing is encrypted."""
    said = (message.text for number in range(people) for message in canary(number).messages)
    return frozenset(
        word for text in said for word in text.split() if len(word) >= at_least and word.isascii()
    )


class Canaries:
    """The canaries of a companion. Safe for threads as long as one asks at a time."""

    def __init__(self, host: Host, companion: Companion, people: int = PEOPLE) -> None:
        self._companion = companion
        self._canaries = [canary(number) for number in range(people)]
        self._recall = host.gauge("companion.recall", "ratio")
        self._turns = self._all_turns()
        self._found: dict[tuple[str, int], float] = {}

    def plant(self) -> None:
        """Have them say what they know and what they will ask, and want dreams: again changes nothing."""
        for one in self._canaries:
            questions = [_question(asked, number) for number, asked in enumerate(one.asked)]
            self._companion.receive_many(one.person, [*one.messages, *questions])
            with self._companion.people.open(one.person) as memory:
                keep_wishes(memory.notes, Wishes(consent=True))

    def ask(self) -> float:
        """Ask the next question, and return the share of its evidence that was found."""
        one, number = next(self._turns)
        asked = one.asked[number]
        received = self._companion.receive(
            one.person, _question(asked, number), K, lambda hits: {"recall": _share(asked, hits)}
        )
        share = _share(asked, received.hits)
        self._found[one.person, number] = share
        self._recall.set(sum(self._found.values()) / len(self._found))
        return share

    def _all_turns(self) -> Iterator[tuple[Canary, int]]:
        while True:
            for number in range(ASKED):
                for one in self._canaries:
                    yield one, number


def _question(asked: Asked, number: int) -> NewMessage:
    return NewMessage(id=f"asked.{number}", text=asked.question, at_us=BEGIN_US, talk="asked")


def _share(asked: Asked, hits: Sequence[Hit]) -> float:
    (found,) = recall(lambda question, k: [hit.message.id for hit in hits], [asked], [FIRST])
    return found.recall
