"""Recall: how much of what answers questions a search finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Find = Callable[[str, int], Sequence[str]]
"""Given a question and k, returns the ids of the k messages that were found, the best first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the ids of the messages that answer it: its evidence."""

    question: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recall:
    """What was found among the first `k`, as means over the questions.

    `recall` is the share of a question's evidence that is there: as LoCoMo's authors compute it, an id that
    a question names twice counts twice, one that no message has is never found. `hit_rate` is the share of
    questions with any of it. Questions without evidence are left out (there they count as answered).
    """

    k: int
    questions: int
    recall: float
    hit_rate: float


def recall(find: Find, asked: Sequence[Asked], ks: Sequence[int]) -> list[Recall]:
    """Ask each question once and return the recall at each of `ks`; 0 where there is no question.

    >>> recall(lambda question, k: ["a", "b", "c"][:k], [Asked("?", ("b", "z"))], [1, 2])[1]
    Recall(k=2, questions=1, recall=0.5, hit_rate=1.0)
    """
    asked = [one for one in asked if one.evidence]
    found = [list(find(one.question, max(ks))) for one in asked]
    return [_at(k, asked, found) for k in ks]


def _at(k: int, asked: Sequence[Asked], found: Sequence[Sequence[str]]) -> Recall:
    shares = []
    for one, ids in zip(asked, found, strict=True):
        first = set(ids[:k])
        shares.append(sum(id in first for id in one.evidence) / len(one.evidence))
    count = len(shares)
    return Recall(k, count, sum(shares) / max(count, 1), sum(share > 0 for share in shares) / max(count, 1))
