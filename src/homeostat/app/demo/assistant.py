"""The assistant: answers questions about Python's standard library, from its own documentation.

A small application as a user of Homeostat would write it: all that observes it are the `hs.operation`
and `hs.llm` blocks in `Assistant`.
"""

from collections.abc import AsyncIterator, Sequence

import numpy as np

from homeostat import Homeostat
from homeostat.app.demo.library import Library
from homeostat.app.demo.model_client import Json, ModelClient
from homeostat.app.demo.stdlib_docs import Passage, modules, synopsis

QUICK_MODEL = "gpt-4o-mini"
THOROUGH_MODEL = "gpt-4.1"
EMBEDDING_MODEL = "text-embedding-3-small"
RELATED_MODEL = "simulated-small"

INSTRUCTIONS = """You answer questions about Python's standard library. Use only the documentation that
follows the question. Name the module and the function that fits best, show how it is called, and say what
it returns and raises. If the documentation does not answer the question, say so. The modules are:
"""


class Assistant:
    """Finds documentation, ranks it, builds a prompt, and streams what a model makes of it."""

    def __init__(self, hs: Homeostat, library: Library, model: ModelClient) -> None:
        self._hs = hs
        self._library = library
        self._model = model
        lines = [f"{m.__name__}: {synopsis(m)}" for m in modules() if synopsis(m)]
        self._instructions = INSTRUCTIONS + "\n".join(lines)

    async def answer(self, question: str) -> AsyncIterator[str]:
        """Yield the answer to a question as it comes."""
        with self._hs.operation("answer") as answer:
            with answer.stage("retrieve"):
                found = self._library.search(question, limit=8)
            with answer.stage("rank"):
                best = await self._ranked(question, found)
            with answer.stage("prompt"):
                messages = self._prompt(question, best)
                model = model_for(question)
                answer.set(model=model, passages=len(best))
            with answer.stage("model"), self._hs.llm(model, "openai") as call:
                async for chunk in call.stream(self._model.stream(model, messages)):
                    for choice in chunk["choices"]:
                        yield choice["delta"].get("content") or ""

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
        order = np.argsort(-(vectors[1:] @ vectors[0]), kind="stable")
        return [found[i] for i in order[:4]]

    def _prompt(self, question: str, best: Sequence[Passage]) -> list[Json]:
        documentation = "\n\n".join(f"{p.signature}\n{p.text}" for p in best)
        return [
            {"role": "system", "content": self._instructions},
            {"role": "user", "content": f"{question}\n\nDocumentation:\n\n{documentation}"},
        ]


def model_for(question: str) -> str:
    """Return the model that a question needs.

    >>> model_for("How do I parse JSON?"), model_for("Why is pickle unsafe?")
    ('gpt-4o-mini', 'gpt-4.1')
    """
    thorough = question.lower().startswith(("why", "explain", "compare", "what is the difference"))
    return THOROUGH_MODEL if thorough else QUICK_MODEL
