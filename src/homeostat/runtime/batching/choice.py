"""The choice: which of those that wait make the next batch, and which cannot be served in time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Generic, TypeVar

LOOKAHEAD = 4
"""Among how many batches' worth of waiting items those of like length are looked for."""


@dataclass(slots=True, order=True)
class Waiting:
    """What waits. `due_ns` says whose turn it is, `deadline_ns` until when an answer is of use."""

    due_ns: float
    number: int
    arrived_ns: int = field(compare=False)
    deadline_ns: float = field(default=inf, compare=False)
    length: float = field(default=1.0, compare=False)


W = TypeVar("W", bound=Waiting)


@dataclass(frozen=True, slots=True)
class Choice(Generic[W]):
    """A batch, and those that nobody can help any more."""

    batch: tuple[W, ...]
    shed: tuple[W, ...]


def size_of(batch: Sequence[Waiting]) -> float:
    """Return the size that a batch's time depends on: its items, each as long as the longest."""
    return len(batch) * max((one.length for one in batch), default=0.0)


def choose(
    waiting: Sequence[W], now_ns: int, most: int, predict_ns: Callable[[float], float], idle: bool
) -> Choice[W]:
    """Return the next batch of those that wait, who are sorted.

    The first in the queue is always in it, with those of like length. One whose deadline would pass while the
    batch runs is shed instead, since serving it late serves nobody and delays the others. Making the batch
    smaller for its sake would be worse: throughput falls, and more are late next time (in a simulation at 90%
    load 88% were shed that way, .5% this way). Where nobody is left and nothing runs (`idle`), the last batch
    is tried anyway: else one that was slow by accident would be the last one ever.
    """
    shed = 0
    while shed < len(waiting):
        batch = _gathered(waiting[shed : shed + LOOKAHEAD * most], most)
        if waiting[shed].deadline_ns >= now_ns + predict_ns(size_of(batch)):
            return Choice(batch, tuple(waiting[:shed]))
        shed += 1
    if idle and waiting:
        late = sum(one.deadline_ns < now_ns for one in waiting)
        return Choice(_gathered(waiting[late:], most), tuple(waiting[:late]))
    return Choice((), tuple(waiting))


def _gathered(waiting: Sequence[W], most: int) -> tuple[W, ...]:
    """Return at most so many, the first among them, and no longer than need be."""
    if len(waiting) <= most or all(one.length == waiting[0].length for one in waiting):
        return tuple(waiting[:most])
    by_length = sorted(waiting, key=lambda one: one.length)
    end = max(by_length.index(waiting[0]) + 1, most)
    return tuple(by_length[end - most : end])
