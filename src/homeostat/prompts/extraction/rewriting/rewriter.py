"""The rewriter: asks a model for shorter modules, a few at a time, and for none of them twice."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from homeostat.core.endpoint import Endpoint
from homeostat.prompts.extraction.rewriting.answer import Answer, NoAnswer
from homeostat.prompts.extraction.rewriting.answer_cache import AnswerCache
from homeostat.prompts.extraction.rewriting.chat import complete
from homeostat.prompts.extraction.rewriting.client import Client, Patience, concurrently
from homeostat.prompts.extraction.rewriting.instruction import messages, question_digest
from homeostat.prompts.extraction.rewriting.rewriting_cost import RewritingCost, most_cost
from homeostat.prompts.library.library import Progress, silent
from homeostat.prompts.optimize.draft import Draft

CONCURRENCY = 4
TOKENS_MIN = 64
"""Shorter modules are not worth a request."""

MARGIN = 1.25
"""How many more tokens than ours the model's own tokenizer may take for the same text."""

FAILURES_MAX = 5
"""After so many requests in a row without an answer no more are sent."""


@dataclass(frozen=True, slots=True)
class Question:
    """A text that is asked for: the modules that have it, and the tokens that its answer may have."""

    paths: tuple[str, ...]
    text: str
    tokens: int
    tokens_max: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be asked: texts without a kept answer, modules with one, and the most that it costs."""

    endpoint: Endpoint
    questions: tuple[Question, ...]
    known: Mapping[str, Answer]
    cost: RewritingCost


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of a plan by path; `paid` are the answers that this run asked for."""

    by_path: Mapping[str, Answer | NoAnswer]
    paid: tuple[Answer, ...]


def loaded_texts(draft: Draft) -> dict[str, str]:
    """Return the modules that entry points load for certain, which every run pays for, by path."""
    paths = dict.fromkeys(m for entry in draft.understood.entries for m in draft.closure(entry))
    return {path: draft.library.modules[path].text for path in paths}


def plan(
    texts: Mapping[str, str],
    endpoint: Endpoint,
    count: Callable[[str], int],
    cache: AnswerCache | None,
    at_ns: int,
) -> Plan:
    """Return what would be asked for some modules, without asking. `at_ns` is when prices are taken."""
    questions: list[Question] = []
    known: dict[str, Answer] = {}
    paths: dict[str, list[str]] = defaultdict(list)
    for path, text in texts.items():
        paths[text].append(path)
    for text, same in paths.items():
        tokens = count(text)
        if tokens < TOKENS_MIN:
            continue
        question = Question(tuple(same), text, tokens, int(tokens * MARGIN) + TOKENS_MIN)
        kept = cache.answer(_digest(endpoint, question)) if cache is not None else None
        if kept is not None:
            known |= dict.fromkeys(same, kept)
        else:
            questions.append(question)
    rules = count(messages("")[0]["content"])
    most = ((int((rules + q.tokens) * MARGIN), q.tokens_max) for q in questions)
    return Plan(endpoint, tuple(questions), known, most_cost(endpoint.model, most, at_ns))


async def ask(
    planned: Plan,
    cache: AnswerCache | None,
    concurrency: int = CONCURRENCY,
    patience: Patience | None = None,
    progress: Progress = silent,
) -> Answers:
    """Ask all questions of a plan, at most so many at a time; each answer is kept as it comes.

    So what an interrupted run has paid for is not paid for again. Raises NotAvailable where the endpoint
    cannot be reached or refuses all requests.
    """
    run = _Run(planned, cache, progress)
    async with Client(planned.endpoint, patience) as client:

        async def one(question: Question) -> None:
            await run.answer(client, question)

        await concurrently(one, planned.questions, concurrency)
    return Answers({**planned.known, **run.found}, tuple(run.paid))


@dataclass(slots=True)
class _Run:
    """What came so far; `failures` counts the requests in a row that brought no answer."""

    planned: Plan
    cache: AnswerCache | None
    progress: Progress
    found: dict[str, Answer | NoAnswer] = field(default_factory=dict)
    paid: list[Answer] = field(default_factory=list)
    failures: int = 0

    async def answer(self, client: Client, question: Question) -> None:
        """Ask one question, and keep its answer."""
        self.progress("asking the model", len(self.paid), len(self.planned.questions))
        found = await self._asked(client, question)
        self.found |= dict.fromkeys(question.paths, found)
        if isinstance(found, NoAnswer):
            self.failures += 1
            return
        self.failures = 0
        self.paid.append(found)
        if self.cache is not None:
            self.cache.keep(_digest(self.planned.endpoint, question), found)

    async def _asked(self, client: Client, question: Question) -> Answer | NoAnswer:
        if self.failures >= FAILURES_MAX:
            return NoAnswer(f"was not asked, after {FAILURES_MAX} failures in a row")
        return await complete(client, messages(question.text), question.tokens_max)


def _digest(endpoint: Endpoint, question: Question) -> bytes:
    return question_digest(endpoint, question.text, question.tokens_max)
