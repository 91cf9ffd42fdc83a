"""How long does a search over 10,000 memories take, and what does it keep in memory?

Texts and questions are LoCoMo's, where they are given; vectors are random, so that no model is needed: they
cost what others do. The embedding of the question is timed apart.
"""

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.companion_locomo import minilm
from benchmarks.locomo_talks import locomo
from benchmarks.result import Result
from homeostat.companion.dream.integrate.integration import Integration
from homeostat.companion.dream.integrate.lexicon import Lexicon
from homeostat.companion.message import NewMessage
from homeostat.companion.residents import Residents
from homeostat.companion.search.search import Search
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.companion.turns import Turns
from homeostat.core.embedder import Embedder
from homeostat.testing.bare_host import BareHost

MEMORIES = 10_000
QUESTIONS = 400
NOTE = "CPU time of the one core; mem0 p50 880 ms, published"


class _Random:
    """Vectors that mean nothing and are quickly made."""

    model = "random"
    dimensions = 384

    def __init__(self) -> None:
        self._random = np.random.default_rng(1)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = self._random.standard_normal((len(texts), self.dimensions), np.float32)
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def run(data: Path | None) -> list[Result]:
    """Report the latency of searches and of one more message, and the bytes that are kept."""
    messages, questions = _said(data)
    embedder = _Random()
    host, residents = BareHost(), Residents(1 << 28)
    with tempfile.TemporaryDirectory() as folder:
        people = SqlitePeople(private_folder(Path(folder) / "people"), MasterKey.made())
        with people.open("one", create=True) as memory:
            memory.messages.add(messages)
            turns = Turns(embedder)
            while not turns.catch_up(memory, 2_048):
                pass
            results = _timed(Search(host, embedder, residents), embedder, memory, questions, residents)
            results += _dreamt(embedder, memory, questions)
        people.close()
    return results + _embedding(questions)


def _timed(
    search: Search, embedder: Embedder, memory: Memory, questions: Sequence[str], residents: Residents
) -> list[Result]:
    def ask(text: str) -> None:
        vector = embedder.embed([search.gist(memory, text)])[0]
        search.find(memory, text, 10, vector=vector)

    def read_anew() -> None:
        residents.drop("one")
        ask(questions[0])

    cold = _percentiles([read_anew] * 5)
    kept = residents.bytes_held / 1e6
    found = _percentiles([partial(ask, text) for text in questions])
    words = Search(BareHost(), None, Residents(1 << 28))
    by_words = _percentiles([partial(words.find, memory, text, 10) for text in questions])
    for number, text in enumerate(questions[:100]):
        said = NewMessage(id=f"more {number}", text=text, at_us=number, talk="more", author="Ann")
        memory.messages.add([said])
        ask(text)
    grown = _percentiles([partial(ask, text) for text in questions])
    size = f"{MEMORIES:,} memories"
    return [
        Result(f"search over {size}, p95", found[1], "ms", 4.0, "lower", note=f"p50 {found[0]:.2f}; {NOTE}"),
        Result(
            f"search over {size} by words alone, p95",
            by_words[1],
            "ms",
            4.0,
            "lower",
            note=f"p50 {by_words[0]:.2f}",
        ),
        Result(f"search over {size} + 100 whose vectors are not made, p95", grown[1], "ms", None, "lower"),
        Result(f"first search over {size}: the index is read, median", cold[0], "ms", None, "lower"),
        Result(f"index of {size} in memory", kept, "MB", 5.0, "lower", note="a row of 384 at four bits"),
    ]


def _dreamt(embedder: Embedder, memory: Memory, questions: Sequence[str]) -> list[Result]:
    """Report what searches cost once a dream has derived all that there is, with a lexicon."""
    words = [f"word{number}" for number in range(10_000)]
    words += sorted({word for text in questions for word in text.casefold().split()})
    lexicon = Lexicon(embedder, words)
    integration = Integration(BareHost(), embedder, lexicon)
    steps = []
    done = False
    while not done:
        began = time.process_time_ns()
        done = integration.integrate(memory).done
        steps.append((time.process_time_ns() - began) / 1e6)
    search = Search(BareHost(), embedder, Residents(1 << 28), lexicon)

    def ask(text: str) -> None:
        search.find(memory, text, 10, vector=embedder.embed([search.gist(memory, text)])[0])

    found = _percentiles([partial(ask, text) for text in questions])
    note = f"p50 {found[0]:.2f}; {NOTE}"
    step = float(np.percentile(steps, 95))
    return [
        Result(f"search over {MEMORIES:,} after dreams, p95", found[1], "ms", 4.0, "lower", note=note),
        Result("a step of integration, 64 messages, p95", step, "ms", None, "lower", note="CPU time"),
    ]


def _embedding(questions: Sequence[str]) -> list[Result]:
    embedder = minilm()
    if embedder is None:
        return []
    took = _percentiles([partial(embedder.embed, [text]) for text in questions])
    note = f"p50 {took[0]:.2f}; to be added where the question's vector is not known"
    return [Result("MiniLM of a question, p95", took[1], "ms", None, "lower", note=note)]


def _percentiles(calls: Sequence[Callable[[], object]], rounds: int = 3) -> tuple[float, float]:
    """Return p50 and p95 in milliseconds, of the fastest of a few rounds of each call."""
    best = [min(_took(call) for _ in range(rounds)) for call in calls]
    return float(np.percentile(best, 50)), float(np.percentile(best, 95))


def _took(call: Callable[[], object]) -> float:
    began = time.process_time_ns()
    call()
    return (time.process_time_ns() - began) / 1e6


def _said(data: Path | None) -> tuple[list[NewMessage], list[str]]:
    talks = locomo(data)
    if talks:
        said = [message.text for talk in talks for message in talk.messages]
        asked = [one.question for talk in talks for one in talk.questions]
    else:
        draw = random.Random(1)
        words = [f"word{int(draw.paretovariate(0.7))}" for _ in range(200_000)]
        said = [" ".join(draw.choices(words, k=25)) for _ in range(3_000)]
        asked = [" ".join(draw.choices(words, k=8)) for _ in range(QUESTIONS)]
    messages = [
        NewMessage(
            id=str(n),
            text=said[n % len(said)],
            at_us=n * 60_000_000,
            talk=f"talk {n // 25}",
            author=("Ann", "Ben")[n % 2],
            own=n % 2 == 0,
        )
        for n in range(MEMORIES)
    ]
    return messages, asked[:QUESTIONS]
