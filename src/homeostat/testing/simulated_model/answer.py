"""The answer of the simulated model: words of the question in the sentences of a small grammar."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from homeostat.testing.simulated_model.tokens import Prompt, tokenize

OPENING = "This is a simulated answer about {a}."
SENTENCES = (
    " The {a} comes first, then the {b}.",
    " To use {a}, look at {b} and at what it returns.",
    " Where {a} fails, {b} tells why.",
    " A {a} without {b} is rare, but it is allowed.",
    " Most people begin with {b}; {a} follows from it.",
    " Note that {a} and {b} are not the same thing.",
    " In short: {a}, with {b} where it is needed.",
)
SUBJECTS_MAX = 32
REASONING = {"none": 0.0, "minimal": 0.1, "low": 0.5, "medium": 1.0, "high": 2.0, "xhigh": 4.0}
"""Tokens of reasoning for each token of the answer, by the effort asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What will be answered: its tokens, how many were reasoned before it, and whether a limit cut it."""

    tokens: tuple[str, ...]
    reasoning_tokens: int
    cut: bool

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.tokens)

    @property
    def output_tokens(self) -> int:
        """What the provider bills as output: the reasoning and the answer."""
        return self.reasoning_tokens + len(self.tokens)


def subjects_of(question: str) -> Sequence[str]:
    """Return the words of a question that an answer may speak of.

    >>> subjects_of("How do I parse JSON with a schema?")
    ['parse', 'JSON', 'with', 'schema']
    """
    words = (w.strip(".,;:!?()[]{}<>`'\"") for w in question[-4_000:].split()[-200:])
    return list(dict.fromkeys(w for w in words if 3 < len(w) <= 24))[:SUBJECTS_MAX] or ["that"]


def _grammar(subjects: Sequence[str], choose: random.Random) -> Iterator[str]:
    yield OPENING.format(a=subjects[0])
    while True:
        yield choose.choice(SENTENCES).format(a=choose.choice(subjects), b=choose.choice(subjects))


def answer_of(
    prompt: Prompt,
    question: str,
    *,
    median_tokens: int,
    tokens_max: int | None = None,
    tokens_min: int = 1,
    effort: str = "none",
) -> Answer:
    """Return the one answer that the simulated model gives to a prompt.

    Its length is log-normal around `median_tokens`, drawn from the prompt itself, and lies between the
    two limits, which count the reasoning with the answer.
    """
    choose = random.Random(prompt.seed)  # noqa: S311 - a simulation, not a secret
    reasoning_per_token = REASONING.get(effort, REASONING["medium"])
    natural = max(1, round(median_tokens * math.exp(choose.gauss(0.0, 0.5))))
    wanted = max(natural + round(natural * reasoning_per_token), tokens_min)
    output = wanted if tokens_max is None else max(min(wanted, tokens_max), 1)
    visible = max(1, round(output / (1.0 + reasoning_per_token)))
    tokens: list[str] = []
    sentences = _grammar(subjects_of(question), choose)
    while len(tokens) < visible:
        tokens.extend(tokenize(next(sentences)))
    return Answer(tuple(tokens[:visible]), output - visible, tokens_max is not None and wanted > tokens_max)
