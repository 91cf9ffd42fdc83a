"""The semantic cache: an answer is served again for a question of the same meaning, and that is checked."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from homeostat.act.knobs.declaration import declared
from homeostat.core.errors import ConfigError
from homeostat.runtime.cache.flights import Flight, Flights
from homeostat.runtime.cache.key import checked_name, memory_key
from homeostat.runtime.cache.lifetime import Lifetime, lifetime_of
from homeostat.runtime.cache.semantic.lexical_check import difference
from homeostat.runtime.cache.semantic.neighbours import Neighbours, Vector, unit
from homeostat.runtime.host import Host

V = TypeVar("V")

CANDIDATES = 5
CHECKS_MAX = 8
"""Hits that are answered anew at once; further ones are not checked."""

GROUPS_MAX = 100_000

FAILED = suppress(Exception)
"""What a check raises: it is counted, and its words may be content: they are not logged."""


class Embedder(Protocol):
    """Makes vectors of texts; similar meanings have a large cosine."""

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Return one vector for each text."""
        ...


Same = Callable[[str, str], bool]
"""Tells whether two questions, already near each other, have the same answer."""


def lexically_same(first: str, second: str) -> bool:
    """Tell whether the lexical check finds no difference."""
    return difference(first, second) is None


@dataclass(slots=True)
class _Answer(Generic[V]):
    question: str
    group: tuple[str, str]
    value: V
    dead_ns: int
    """By the monotonic clock."""


class SemanticCache(Generic[V]):
    """Answers by the meaning of their questions, within one tenant and one context.

    The context is all else that the answer depends on: the model, the system prompt, the conversation so far.
    `same` is the second check of questions that are at least `similarity` alike (the default of the knob
    `<name>_similarity`). Of the hits a `check_share` is answered anew beside the caller and compared by
    `agree`: `cache.semantic.false_hit_ratio` is what was found, and a false hit is mended. Both default to
    the lexical check, `agree` of other values than texts to equality. At most `entries_max` answers are kept.
    Use it in one event loop.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        embedder: Embedder,
        *,
        similarity: float = 0.92,
        same: Same = lexically_same,
        agree: Callable[[V, V], bool] | None = None,
        check_share: float = 0.05,
        lifetime: str | float | Lifetime = "decision",
        entries_max: int = 5_000,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        """Declare the knob. Raises ConfigError for what does not fit."""
        checked_name("the name of a cache", name)
        if not 0.0 <= check_share <= 1.0 or not 1 <= entries_max <= 1_000_000:
            raise ConfigError(
                f"semantic cache {name!r}: check_share must be from 0 to 1, entries_max from 1 to 1,000,000, "
                f"not {check_share!r} and {entries_max!r}"
            )
        self._embedder = embedder
        self._same = same
        self._agree: Callable[[V, V], bool] = agree if agree is not None else _agree
        self._check_share = check_share
        self._lifetime = lifetime_of(lifetime)
        self._uniform = uniform
        self._now_ns = host.clock.monotonic_ns
        self._similarity = host.knob_set.declare(
            declared(
                f"{name}_similarity",
                similarity,
                low=0.5,
                high=1.0,
                help=f"how alike questions must be for the cache {name} to look at them twice",
            )
        )
        self._neighbours = Neighbours(entries_max)
        self._answers: dict[int, _Answer[V]] = {}
        self._places: dict[tuple[str, str, str], int] = {}
        self._groups: dict[tuple[str, str], int] = {}
        self._group_next = 0
        self._checks: set[asyncio.Task[None]] = set()
        self._checked_n = self._false_n = 0
        self._hits = host.counter("cache.semantic.hits", "1", cache=name)
        self._refused = host.counter("cache.semantic.refused", "1", cache=name)
        self._checked = host.counter("cache.semantic.checked", "1", cache=name)
        self._false = host.counter("cache.semantic.false_hits", "1", cache=name)
        self._false_ratio = host.gauge("cache.semantic.false_hit_ratio", "ratio", cache=name)
        self._load_errors = host.counter("cache.load.errors", "1", cache=name)
        self._misses = host.counter("cache.misses", "1", cache=name)
        waits = host.counter("cache.shared_waits", "1", cache=name)
        self._flights: Flights[V] = Flights(waits.add)

    def __len__(self) -> int:
        return len(self._answers)

    async def load(
        self, question: str, answer: Callable[[], Awaitable[V]], *, context: str = "", tenant: str = ""
    ) -> V:
        """Return the answer to a question of the same meaning, else what `answer` makes, once for all.

        What the embedder raises passes through, as errors of `answer` do; neither is kept.
        """
        group = (tenant, context)
        place = self._places.get((*group, question))
        if place is not None and (known := self._live(place)) is not None:
            return known.value
        key = memory_key(tenant, repr((context, question)))

        async def obtained(_: Flight[V]) -> V:
            return await self._obtain(group, question, answer)

        return await self._flights.run(key, (), obtained)

    async def settle(self) -> None:
        """Wait for the checks that are under way."""
        await asyncio.gather(*self._checks)

    async def _obtain(self, group: tuple[str, str], question: str, answer: Callable[[], Awaitable[V]]) -> V:
        [numbers] = await self._embedder.embed([question])
        vector = unit(numbers)
        found = self._found(group, question, vector)
        if found is not None:
            self._hits.add(1)
            if self._uniform() < self._check_share and len(self._checks) < CHECKS_MAX:
                task = asyncio.get_running_loop().create_task(
                    self._check(group, question, vector, found.value, answer)
                )
                self._checks.add(task)
                task.add_done_callback(self._checks.discard)
            return found.value
        self._misses.add(1)
        value = await answer()
        self._keep(group, question, vector, value)
        return value

    def _found(self, group: tuple[str, str], question: str, vector: Vector) -> "_Answer[V] | None":
        number = self._groups.get(group)
        if number is None:
            return None
        for place in self._neighbours.near(vector, number, self._similarity.get(), CANDIDATES):
            known = self._live(place)
            if known is None:
                continue
            if self._same(known.question, question):
                return known
            self._refused.add(1)
        return None

    async def _check(
        self,
        group: tuple[str, str],
        question: str,
        vector: Vector,
        served: V,
        answer: Callable[[], Awaitable[V]],
    ) -> None:
        with FAILED:
            anew = await answer()
            self._checked_n += 1
            self._checked.add(1)
            if not self._agree(served, anew):
                self._false_n += 1
                self._false.add(1)
                self._keep(group, question, vector, anew)
            self._false_ratio.set(self._false_n / self._checked_n)
            return
        self._load_errors.add(1)

    def _live(self, place: int) -> "_Answer[V] | None":
        known = self._answers.get(place)
        if known is not None and self._now_ns() >= known.dead_ns:
            self._forget(place)
            return None
        return known

    def _keep(self, group: tuple[str, str], question: str, vector: Vector, value: V) -> None:
        fresh_ns, _ = self._lifetime.times_ns(value, self._uniform)
        if not fresh_ns:
            return
        if len(self._groups) >= GROUPS_MAX and group not in self._groups:
            self._groups = {known.group: self._groups[known.group] for known in self._answers.values()}
        number = self._groups.get(group)
        if number is None:
            number = self._groups[group] = self._group_next
            self._group_next += 1
        old = self._places.get((*group, question))
        if old is not None:
            self._forget(old)
        place = self._neighbours.add(vector, number)
        if place in self._answers:
            self._drop(place)
        self._answers[place] = _Answer(question, group, value, self._now_ns() + fresh_ns)
        self._places[*group, question] = place

    def _forget(self, place: int) -> None:
        self._neighbours.remove(place)
        self._drop(place)

    def _drop(self, place: int) -> None:
        known = self._answers.pop(place)
        self._places.pop((*known.group, known.question), None)


def _agree(first: object, second: object) -> bool:
    if isinstance(first, str) and isinstance(second, str):
        return lexically_same(first, second)
    return first == second
