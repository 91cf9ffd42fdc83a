"""The assistant: answers questions about Python's standard library, from its own documentation.

A small application as a user of Homeostat would write it: all that observes it are the `hs.operation`
and `hs.llm` blocks in `Assistant`, all that may be turned are its knobs.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat import Homeostat
from homeostat.app.demo.assistant_knobs import AssistantKnobs
from homeostat.app.demo.excerpt import Excerpt, excerpt
from homeostat.app.demo.library import Library
from homeostat.app.demo.model_client import Json, ModelClient
from homeostat.app.demo.names import OPERATION
from homeostat.app.demo.quality import quality
from homeostat.app.demo.stdlib_docs import Passage, modules, synopsis

QUICK_MODEL = "gpt-4o-mini"
THOROUGH_MODEL = "gpt-4.1"
EMBEDDING_MODEL = "text-embedding-3-small"
RELATED_MODEL = "simulated-small"

CANDIDATES = 10
"""Passages that are found and then ranked."""

RANK_DAMPING = 60.0
"""How little the first ranks count above the others where two orders are merged."""

INSTRUCTIONS = """You answer questions about Python's standard library. Use only the documentation that
follows the question. Name the module and the function that fits best, show how it is called, and say what
it returns and raises. If the documentation does not answer the question, say so. The modules are:
"""


class Assistant:
    """Finds documentation, ranks it, builds a prompt, and streams what a model makes of it.

    `clutter_words` is a fault on purpose: so many words that say nothing come with each passage.
    """

    def __init__(self, hs: Homeostat, library: Library, model: ModelClient) -> None:
        self._hs = hs
        self._library = library
        self._model = model
        self._knobs = AssistantKnobs.declared(hs)
        self.clutter_words = 0
        lines = [f"{m.__name__}: {synopsis(m)}" for m in modules() if synopsis(m)]
        self._instructions = INSTRUCTIONS + "\n".join(lines)

    async def answer(self, question: str) -> AsyncIterator[str]:
        """Yield the answer to a question as it comes."""
        with self._hs.operation(OPERATION) as answer:
            with answer.stage("retrieve"):
                found = self._library.search(question, limit=CANDIDATES)
            with answer.stage("rank"):
                best = await self._ranked(question, found)
            with answer.stage("prompt"):
                words_max = self._knobs.passage_words.get()
                excerpts = {p.signature: excerpt(p.text, words_max, self.clutter_words) for p in best}
                messages = self._prompt(question, excerpts)
                model = model_for(question)
                answer.set(model=model, passages=len(best))
            cut = False
            with answer.stage("model"), self._hs.llm(model, "openai") as call:
                chunks = self._model.stream(model, messages, self._knobs.answer_tokens.get())
                async for chunk in call.stream(chunks):
                    for choice in chunk["choices"]:
                        cut = cut or choice["finish_reason"] == "length"
                        yield choice["delta"].get("content") or ""
            shares = {p.name: excerpts[p.signature].share for p in best}
            good = quality(question, shares, cut)
            if good is not None:
                answer.outcome(quality=good)

    async def related(self, question: str) -> str:
        """Return other questions that one might ask."""
        with self._hs.operation("related") as related:
            with related.stage("retrieve"):
                found = self._library.search(question, limit=3)
            names = ", ".join(passage.name for passage in found)
            messages = [{"role": "user", "content": f"Suggest three questions about {names}."}]
            with related.stage("model"), self._hs.llm(RELATED_MODEL) as call:
                answer = call.response(await self._model.complete(RELATED_MODEL, messages, tokens_max=60))
        text: str = answer["choices"][0]["message"]["content"]
        return text

    async def _ranked(self, question: str, found: Sequence[Passage]) -> list[Passage]:
        texts = [question, *(f"{p.signature} {p.text[:300]}" for p in found)]
        with self._hs.llm(EMBEDDING_MODEL, "openai", "embeddings") as call:
            answer = call.response(await self._model.embed(EMBEDDING_MODEL, texts))
        vectors = np.array([entry["embedding"] for entry in answer["data"]])
        order = merged(-(vectors[1:] @ vectors[0]))
        return [found[i] for i in order[: self._knobs.passages.get()]]

    def _prompt(self, question: str, excerpts: Mapping[str, Excerpt]) -> list[Json]:
        documentation = "\n\n".join(f"{name}\n{found.text}" for name, found in excerpts.items())
        return [
            {"role": "system", "content": self._instructions},
            {"role": "user", "content": f"{question}\n\nDocumentation:\n\n{documentation}"},
        ]


def merged(distances: NDArray[np.float64]) -> list[int]:
    """Return the places of things found in the order of two ranks together: as found, and by distance.

    Source: reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009).

    >>> merged(np.array([0.9, 0.1, 0.3]))
    [1, 0, 2]
    """
    place = np.arange(distances.size)
    rank = np.empty(distances.size)
    rank[np.argsort(distances, kind="stable")] = place
    score = 1.0 / (RANK_DAMPING + place) + 1.0 / (RANK_DAMPING + rank)
    return [int(i) for i in np.argsort(-score, kind="stable")]


def model_for(question: str) -> str:
    """Return the model that a question needs.

    >>> model_for("How do I parse JSON?"), model_for("Why is pickle unsafe?")
    ('gpt-4o-mini', 'gpt-4.1')
    """
    thorough = question.lower().startswith(("why", "explain", "compare", "what is the difference"))
    return THOROUGH_MODEL if thorough else QUICK_MODEL
