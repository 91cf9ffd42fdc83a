"""What does a dream's integration change: how much is found, what vectors take, whether claims trace?

The same search asks the same questions of the same memories before and after they were integrated; all
vectors are old enough to be made compact. Weights were chosen on the first two talks of LoCoMo; figures with
bars are of the other three. `BEFORE` is what the search found before there were dreams, measured by
`companion_locomo`.
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

BEFORE = {"multi-hop": 55.6, "temporal": 81.6, "open": 49.2, "single-hop": 91.3, ALL: 80.3}
GAIN = 5.0

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
    host, turns = BareHost(), Turns(embedder)
    people = SqlitePeople(private_folder(folder / "people"), MasterKey.made())
    before: list[Found] = []
    after: list[Found] = []
    sizes, traced = [0, 0], [0, 0]
    for number, talk in enumerate(talks):
        with people.open(str(number), create=True) as memory:
            memory.messages.add(talk.messages)
            while not turns.catch_up(memory, 512):
                pass
            before.append(_asked(Search(host, embedder, Residents(1 << 28), lexicon), embedder, memory, talk))
            sizes[0] += _vector_bytes(memory)
            integration = Integration(host, embedder, lexicon)
            while not integration.integrate(memory, 256).done:
                pass
            sizes[1] += _vector_bytes(memory)
            after.append(_asked(Search(host, embedder, Residents(1 << 28), lexicon), embedder, memory, talk))
            for count, found in enumerate(_traced(integration, memory)):
                traced[count] += found
    people.close()
    results = [
        _line(name, _mean(before[TUNED_ON:], name), _mean(after[TUNED_ON:], name)) for name in before[0]
    ]
    tuned = [_mean(found[:TUNED_ON], "multi-hop") for found in (before, after)]
    note = "the 2 talks that weights were chosen on"
    results.append(
        Result(
            "multi-hop recall@10 gained, 2 talks", tuned[1] - tuned[0], "points", None, "higher", note=note
        )
    )
    ratio, note = sizes[0] / sizes[1], f"{sizes[0]:,} bytes, then {sizes[1]:,}"
    results.append(Result("stored vectors, before to after", ratio, "ratio", 3.0, "higher", note=note))
    share, note = 100 * traced[1] / max(traced[0], 1), f"{traced[0]:,} facts"
    results.append(
        Result("facts that their sources say word for word", share, "%", 100.0, "higher", note=note)
    )
    return results


def _asked(search: Search, embedder: Embedder, memory: Memory, talk: Talk) -> Found:
    find = finder(search, embedder, memory, talk)
    found = {name: recall(find, questions, KS) for name, questions in talk.asked.items()}
    return {**found, ALL: together(list(found.values()))}


def _mean(found: Sequence[Found], name: str) -> float:
    return 100 * together([one[name] for one in found])[-1].recall


def _line(name: str, before: float, after: float) -> Result:
    bar = BEFORE[name] + (GAIN if name == "multi-hop" else 0.0)
    note = f"{before:.1f} by the same search without dreams, {BEFORE[name]} before there were any"
    return Result(f"recall@10 after dreams, {name}, 3 talks", after, "%", bar, "higher", note=note)


def _traced(integration: Integration, memory: Memory) -> tuple[int, int]:
    """Return how many facts there are, and how many of them are in their sources."""
    messages = {message.seq: message for message in memory.reading.after(0, 1 << 20)}
    facts = [one for one in integration.derived(memory, list(messages)) if isinstance(one, Fact)]
    true = [fact for fact in facts if messages[fact.sources[0]].text[fact.begin : fact.end] == fact.value]
    return len(facts), len(true)


def _vector_bytes(memory: Memory) -> int:
    assert isinstance(memory, SqliteMemory)
    ((size,),) = memory.vectors._handle.rows("SELECT sum(length(rows)) FROM blocks")
    return int(size)
