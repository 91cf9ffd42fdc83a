"""How much of what answers LoCoMo's questions does the companion find?

Weights were chosen on the first two talks of the file; the figures with bars are of the others. Recall is the
mean over questions of the share of their evidence among the first k turns (`search.recall`).
"""

import math
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.locomo_talks import CATEGORIES, Talk, locomo
from benchmarks.result import Result
from homeostat.companion.residents import Residents
from homeostat.companion.search.recall import Find, Recall, recall
from homeostat.companion.search.search import Search
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.companion.turns import Turns
from homeostat.core.embedder import Embedder
from homeostat.runtime.embed.built import MINILM, default_folder, status
from homeostat.runtime.embed.rows import cosines, to_rows
from homeostat.testing.bare_host import BareHost

TUNED_ON = 2
KS = (5, 10)
ALL = "all"
PAPER = {"multi-hop": 46.6, "temporal": 77.3, "open": 40.8}
ANCHOR = "LoCoMo's paper 56.7 @5, 66.2 @10; MemPalace 48 @10, both published"


def run(data: Path | None) -> list[Result]:
    """Report recall with MiniLM and without, by category, beside plain BM25 and plain vectors."""
    talks = locomo(data)
    if not talks:
        return []
    embedder = minilm()
    results = _words(talks[TUNED_ON:])
    return results + _meaning(talks, embedder) if embedder is not None else results


def minilm() -> Embedder | None:
    """Return the embedder of this machine, None where it is not built."""
    if status(default_folder(), MINILM).fault:
        return None
    from homeostat.runtime.embed.minilm import MiniLm

    return MiniLm(BareHost())


def _words(talks: Sequence[Talk]) -> list[Result]:
    found = asked(talks, None)[ALL]
    peer = together([recall(_bm25(talk), talk.questions, KS) for talk in talks])
    return [
        _line("recall@5 without an embedder, 3 talks", found[0], None),
        _line("recall@10 without an embedder, 3 talks", found[1], 70.0, "BM25 over turns", peer[1]),
    ]


def _meaning(talks: Sequence[Talk], embedder: Embedder) -> list[Result]:
    others = talks[TUNED_ON:]
    found = asked(others, embedder)
    peer = together([recall(_dense(talk, embedder), talk.questions, KS) for talk in others])
    tuned = asked(talks[:TUNED_ON], embedder)[ALL]
    return [
        _line("recall@5 with MiniLM, 3 talks", found[ALL][0], 68.0, "MiniLM over turns", peer[0]),
        _line("recall@10 with MiniLM, 3 talks", found[ALL][1], 78.0, "MiniLM over turns", peer[1]),
        *(_line(f"recall@10, {name}", found[name][1], PAPER.get(name)) for name in CATEGORIES.values()),
        _line("recall@5, the 2 talks that weights were chosen on", tuned[0], None),
        _line("recall@10, the 2 talks that weights were chosen on", tuned[1], None),
    ]


def _line(
    question: str, found: Recall, bar: float | None, peer: str = "", theirs: Recall | None = None
) -> Result:
    note = f"{found.questions} questions, hit rate {100 * found.hit_rate:.1f}"
    if theirs is not None:
        note += f"; {peer}, same run: {100 * theirs.recall:.1f}; {ANCHOR}"
    ratio = found.recall / theirs.recall if theirs is not None else None
    return Result(question, 100 * found.recall, "%", bar, "higher", peer, ratio, note=note)


def asked(talks: Sequence[Talk], embedder: Embedder | None) -> dict[str, list[Recall]]:
    """Ask all questions, each talk being one person's memory; recall by category and of all."""
    host = BareHost()
    search = Search(host, embedder, Residents(1 << 28))
    parts = () if embedder is None else (Turns(embedder),)
    found: dict[str, list[list[Recall]]] = {name: [] for name in CATEGORIES.values()}
    with tempfile.TemporaryDirectory() as folder:
        people = SqlitePeople(private_folder(Path(folder) / "people"), MasterKey.made())
        for number, talk in enumerate(talks):
            with people.open(str(number), create=True) as memory:
                memory.messages.add(talk.messages)
                for part in parts:
                    while not part.catch_up(memory, 512):
                        pass
                for name, questions in talk.asked.items():
                    found[name].append(recall(finder(search, embedder, memory, talk), questions, KS))
        people.close()
    by_category = {name: together(several) for name, several in found.items()}
    return {ALL: together(list(by_category.values())), **by_category}


def finder(search: Search, embedder: Embedder | None, memory: Memory, talk: Talk) -> Find:
    """Return what finds in one memory, as of the end of the talk."""
    now_us = talk.messages[-1].at_us

    def find(text: str, k: int) -> list[str]:
        vector = None if embedder is None else embedder.embed([search.gist(memory, text)])[0]
        return [hit.message.id for hit in search.find(memory, text, k, vector=vector, now_us=now_us)]

    return find


def together(found: Sequence[Sequence[Recall]]) -> list[Recall]:
    """Return the means over the questions of several groups."""
    together = []
    for parts in zip(*found, strict=True):
        count = max(sum(part.questions for part in parts), 1)
        share = sum(part.recall * part.questions for part in parts) / count
        hits = sum(part.hit_rate * part.questions for part in parts) / count
        together.append(Recall(parts[0].k, count, share, hits))
    return together


def _bm25(talk: Talk) -> Find:
    """The peer that finds by words: BM25 (k1 1.5, b .75) over single turns, split at what is no letter."""
    texts = [Counter(re.findall(r"\w+", message.text.lower())) for message in talk.messages]
    sizes = [sum(text.values()) for text in texts]
    mean = sum(sizes) / len(sizes)
    have = Counter(word for text in texts for word in text)

    def find(question: str, k: int) -> list[str]:
        scores = [0.0] * len(texts)
        for word in re.findall(r"\w+", question.lower()):
            weight = math.log(1 + (len(texts) - have[word] + 0.5) / (have[word] + 0.5))
            for place, text in enumerate(texts):
                if text[word]:
                    length = 1.5 * (0.25 + 0.75 * sizes[place] / mean)
                    scores[place] += weight * text[word] * 2.5 / (text[word] + length)
        order = sorted(range(len(texts)), key=lambda place: -scores[place])
        return [talk.messages[place].id for place in order[:k]]

    return find


def _dense(talk: Talk, embedder: Embedder) -> Find:
    """The peer that finds by meaning: cosines of the question and single turns, as they are."""
    rows = to_rows(embedder.embed([message.text for message in talk.messages]))

    def find(question: str, k: int) -> list[str]:
        order = (-cosines(rows, to_rows(embedder.embed([question])[0]))).argsort(kind="stable")
        return [talk.messages[place].id for place in order[:k]]

    return find
