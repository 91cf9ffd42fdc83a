"""What does a dream's integration change: how much is found, what vectors take, whether claims trace?

The same search asks the same questions of the same memories before and after they were integrated, with
MiniLM and by words alone; all vectors are old enough to be made compact. The figures before are the bars of
those after. Weights were chosen on the first two talks of LoCoMo; figures with bars are of the other three.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.companion_locomo import ALL, KS, TUNED_ON, finder, minilm, together
from benchmarks.locomo_talks import Talk, locomo
from benchmarks.result import Result
from homeostat.companion.dream.derived import Fact
from homeostat.companion.dream.integrate.integration import Integration
from homeostat.companion.dream.integrate.lexicon import Lexicon, lexicon_at
from homeostat.companion.residents import Residents
from homeostat.companion.search.recall import Recall, recall
from homeostat.companion.search.search import Search
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.memory import SqliteMemory
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.companion.turns import Turns
from homeostat.core.embedder import Embedder
from homeostat.testing.bare_host import BareHost

GAINED = "multi-hop"
GAIN = 5.0
ADVERSARIAL = "adversarial"
"""Asked of one person, said by the other: they have no answer, and so no bar."""

Found = dict[str, list[Recall]]


def run(data: Path | None) -> list[Result]:
    """Report recall@10 by category before and after, bytes of vectors, facts that trace."""
    talks, embedder = locomo(data), minilm()
    if not talks or embedder is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        lexicon = lexicon_at(embedder, Path(folder))
        while lexicon is not None and not lexicon.grow(512):
            pass
        return _compared(talks, embedder, lexicon, Path(folder))


def _compared(
    talks: Sequence[Talk], embedder: Embedder, lexicon: Lexicon | None, folder: Path
) -> list[Result]:
    people = SqlitePeople(private_folder(folder / "people"), MasterKey.made())
    meant, spoken = _Course(embedder, lexicon), _Course(None, None)
    for number, talk in enumerate(talks):
        for course in (meant, spoken):
            with people.open(f"{number} {course is meant}", create=True) as memory:
                course.take(memory, talk)
    people.close()
    ratio, note = meant.sizes[0] / meant.sizes[1], f"{meant.sizes[0]:,} bytes, then {meant.sizes[1]:,}"
    share = 100 * meant.facts[1] / max(meant.facts[0], 1)
    return [
        *meant.results("with MiniLM"),
        *spoken.results("by words alone"),
        Result("stored vectors, before to after", ratio, "ratio", 3.0, "higher", note=note),
        Result(
            "facts that their sources say word for word",
            share,
            "%",
            100.0,
            "higher",
            note=f"{meant.facts[0]:,} facts",
        ),
    ]


class _Course:
    """Asks of each talk before and after it is integrated."""

    def __init__(self, embedder: Embedder | None, lexicon: Lexicon | None) -> None:
        self._embedder = embedder
        self._lexicon = lexicon
        self._before: list[Found] = []
        self._after: list[Found] = []
        self.sizes = [0, 0]
        self.facts = [0, 0]

    def take(self, memory: Memory, talk: Talk) -> None:
        memory.messages.add(talk.messages)
        turns = None if self._embedder is None else Turns(self._embedder)
        while turns is not None and not turns.catch_up(memory, 512):
            pass
        self._before.append(self._asked(memory, talk))
        self.sizes[0] += _vector_bytes(memory)
        integration = Integration(BareHost(), self._embedder, self._lexicon)
        while not integration.integrate(memory, 256).done:
            pass
        self.sizes[1] += _vector_bytes(memory)
        self._after.append(self._asked(memory, talk))
        for count, found in enumerate(_traced(integration, memory)):
            self.facts[count] += found

    def _asked(self, memory: Memory, talk: Talk) -> Found:
        search = Search(BareHost(), self._embedder, Residents(1 << 28), self._lexicon)
        find = finder(search, self._embedder, memory, talk)
        found = {name: recall(find, questions, KS) for name, questions in talk.asked.items()}
        adversarial = recall(find, talk.adversarial, KS)
        return {**found, ALL: together(list(found.values())), ADVERSARIAL: adversarial}

    def results(self, how: str) -> list[Result]:
        """Return a line a category."""
        lines = []
        for name in self._before[0]:
            before, after = (_mean(found[TUNED_ON:], name) for found in (self._before, self._after))
            chosen = [_mean(found[:TUNED_ON], name) for found in (self._before, self._after)]
            note = f"{before:.1f} before; {chosen[0]:.1f} and {chosen[1]:.1f} on the 2 talks chosen on"
            bar = None if name == ADVERSARIAL else before + (GAIN if name == GAINED else 0.0)
            lines.append(
                Result(f"recall@10 after dreams {how}, {name}", after, "%", bar, "higher", note=note)
            )
        return lines


def _mean(found: Sequence[Found], name: str) -> float:
    return 100 * together([one[name] for one in found])[-1].recall


def _traced(integration: Integration, memory: Memory) -> tuple[int, int]:
    """Return how many facts there are, and how many of them are in their sources."""
    messages = {message.seq: message for message in memory.reading.after(0, 1 << 20)}
    facts = [one for one in integration.derived(memory, list(messages)) if isinstance(one, Fact)]
    true = [fact for fact in facts if messages[fact.sources[0]].text[fact.begin : fact.end] == fact.value]
    return len(facts), len(true)


def _vector_bytes(memory: Memory) -> int:
    assert isinstance(memory, SqliteMemory)
    ((size,),) = memory.vectors._handle.rows("SELECT coalesce(sum(length(rows)), 0) FROM blocks")
    return int(size)
