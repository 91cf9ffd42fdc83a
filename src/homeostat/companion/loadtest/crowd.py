"""The crowd: who says what when, in an open loop: nobody waits for an answer before speaking again."""

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from homeostat.companion.loadtest.habits import Habits, Turn
from homeostat.core.errors import ConfigError
from homeostat.prove.load.arrivals import Arrival

BLOCK = 4_096


class Utterance(Arrival, frozen=True, kw_only=True):
    """A message that a person sends at `time_s`."""

    person: int
    talk: int
    turn: Turn


@dataclass(frozen=True, slots=True)
class Plan:
    """How many people there are, how many of them talk at any moment, and how much they say together."""

    people: int = 5_000
    active: int = 1_000
    rate_per_s: float = 150.0
    duration_s: float = 600.0
    history: int = 600
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.active <= self.people:
            raise ConfigError(f"of {self.people} people, {self.active} cannot be active at once")
        if not (self.rate_per_s > 0.0 and self.duration_s > 0.0):
            raise ConfigError(
                f"rate and duration must be above 0, not {self.rate_per_s!r} and {self.duration_s!r}"
            )
        if self.history < 0:
            raise ConfigError(f"a history has at least 0 messages, not {self.history}")


def crowd(habits: Habits, plan: Plan) -> Iterator[Utterance]:
    """Yield what is said, in order of time.

    At any moment `active` people are within a sitting of `turns_per_talk`; who ends one is followed by
    whoever was silent longest. The times between one person's messages are those of the habits, scaled so
    that all together speak at `rate_per_s`; the first is drawn from what remains of one (a stationary start).
    """
    rng = np.random.default_rng(plan.seed)
    think_s = habits.think_s * (plan.active / plan.rate_per_s / habits.think_s.mean())
    order = rng.permutation(plan.people).tolist()
    silent = deque(order[plan.active :])
    spoken = [plan.history] * plan.people
    talks = 0
    heap: list[tuple[float, int, int, int]] = []
    for person in order[: plan.active]:
        begun = float(rng.choice(think_s, p=think_s / think_s.sum()) * rng.random())
        heap.append((begun, person, talks, 1 + int(rng.choice(habits.turns_per_talk) * rng.random())))
        talks += 1
    heapq.heapify(heap)
    draws = _draws(rng, think_s)
    while heap[0][0] < plan.duration_s:
        time_s, person, talk, left = heap[0]
        history = habits.histories[person % len(habits.histories)]
        turn = history[spoken[person] % len(history)]
        spoken[person] += 1
        yield Utterance(time_s=time_s, input_tokens=0, output_tokens=0, person=person, talk=talk, turn=turn)
        if left > 1:
            following = (time_s + next(draws), person, talk, left - 1)
        else:
            silent.append(person)
            person = silent.popleft()
            following = (time_s + next(draws), person, talks, int(rng.choice(habits.turns_per_talk)))
            talks += 1
        heapq.heapreplace(heap, following)


def _draws(
    rng: np.random.Generator, values: "np.ndarray[tuple[int], np.dtype[np.float64]]"
) -> Iterator[float]:
    while True:
        yield from rng.choice(values, BLOCK).tolist()
