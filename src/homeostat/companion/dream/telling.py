"""The telling: scenes, one after the other, from memories that were chosen; steered between any two."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from homeostat.companion.dream.derived import Resolution
from homeostat.companion.dream.grammar import Grammar, month_of
from homeostat.companion.dream.joints import Joints, Remembered, holds
from homeostat.companion.dream.replay import Chosen
from homeostat.companion.dream.scene import Claim, Reason, Scene, Shape, Steering

MEMORIES = 2
"""Of a scene: the second is what the first leads to."""

OPPOSED = 2.0
"""What it adds that one memory says what became of the other."""

FOLLOWED = 4.0
"""What a theme that is to be followed adds to the nearness of a memory."""


@dataclass(slots=True)
class Ties:
    """What is known of pairs of memories, by their seqs: how near they are, and what became otherwise."""

    near: dict[frozenset[int], float] = field(default_factory=dict)
    against: dict[frozenset[int], Resolution] = field(default_factory=dict)


class Telling:
    """A dream's scenes in the making. One thread at a time uses it; the same `rng` tells the same.

    Each memory is told once, but for the one to which a circle returns.
    """

    def __init__(
        self,
        memories: Sequence[Remembered],
        chosen: Chosen,
        ties: Ties,
        rng: random.Random,
        *,
        length: int,
        compression: float,
        temperature: float,
    ) -> None:
        self.length = length
        self._rng = rng
        self._temperature = temperature
        self._chosen = dict(chosen)
        self._ties = ties
        self._left: list[Remembered] = []
        self._all: list[Remembered] = []
        self._grammar = Grammar(rng, compression)
        self._first: Remembered | None = None
        self._last: Remembered | None = None
        self._told = 0
        self._month = ""
        self.add(memories, {})

    def add(self, memories: Sequence[Remembered], chosen: Chosen) -> None:
        """Take more memories in, as those that a new theme calls up."""
        known = {memory.seq for memory in self._all}
        new = [memory for memory in memories if memory.seq not in known]
        self._chosen.update(chosen)
        self._all += new
        self._left += new
        self._joints = Joints(self._all)

    def next(self, steering: Steering, refused: frozenset[int] = frozenset()) -> Scene | None:
        """Return the next scene, None at the end. `refused` are seqs that must not be told (any more)."""
        if self._told >= self.length:
            return None
        shape = steering.shape or Shape.LINEAR
        avoid = steering.avoid or ()
        self._left = [m for m in self._left if m.seq not in refused and not holds(m, avoid)]
        last = self._told == self.length - 1 or len(self._left) < MEMORIES
        first = self._begun(shape, steering, last, refused)
        if first is None:
            return None
        scene = self._scene(first, self._partner(first, shape, steering), shape, last)
        self._told = self.length if last and shape is Shape.CIRCULAR else self._told + 1
        return scene

    def take_back(self) -> None:
        """Let the scene that was made last not count: it is not told."""
        self._told = max(self._told - 1, 0)

    def _begun(
        self, shape: Shape, steering: Steering, last: bool, refused: frozenset[int]
    ) -> Remembered | None:
        """Take out the memory with which the next scene begins."""
        back = self._first
        closes = shape is Shape.CIRCULAR and last and self._told > 0
        if closes and back is not None and back.seq not in refused and not holds(back, steering.avoid or ()):
            return back
        if not self._left:
            return None
        if shape is Shape.LINEAR:
            return self._taken(self._in_time(steering))
        scores = [self._score(memory, self._last, steering) for memory in self._left]
        if shape is Shape.FRAGMENTED and self._last is not None:
            followed = steering.follow or ()
            scores = [
                -score if not holds(memory, followed) else FOLLOWED - score
                for memory, score in zip(self._left, scores, strict=True)
            ]
        return self._taken(self._left[max(range(len(scores)), key=scores.__getitem__)])

    def _in_time(self, steering: Steering) -> Remembered:
        """Return the memory that comes next in time, leaving as many as the scenes that follow need.

        Among these the one that is to be followed, or that was chosen for more, is preferred.
        """
        if self._last is not None:
            at = self._last.message.at_us
            later = [m for m in self._left if m.message.at_us >= at] or self._left
        else:
            later = self._left
        ordered = sorted(later, key=lambda memory: (memory.message.at_us, memory.seq))
        scenes = max(self.length - self._told, 1)
        near = ordered[: max(len(ordered) // scenes, 1)]
        followed = [m for m in ordered if holds(m, steering.follow or ())]
        if followed:
            return followed[0]
        return max(near, key=lambda memory: self._score(memory, None, steering))

    def _partner(self, first: Remembered, shape: Shape, steering: Steering) -> Remembered | None:
        """Take out the memory to which the first leads; None where it leads to none."""
        if shape is Shape.FRAGMENTED or not self._left:
            return None
        near = [(nearness, memory) for memory in self._left if (nearness := self._near(first, memory)) > 0]
        if not near:
            return None
        _, best = max(near, key=lambda pair: pair[0] + self._score(pair[1], None, steering))
        return self._taken(best)

    def _near(self, a: Remembered, b: Remembered) -> float:
        pair = frozenset((a.seq, b.seq))
        known = self._ties.near.get(pair, 0.0) + OPPOSED * (pair in self._ties.against)
        return self._joints.nearness(a, b) + known

    def _score(self, memory: Remembered, after: Remembered | None, steering: Steering) -> float:
        reasons = sum(self._chosen.get(memory.seq, {}).values())
        near = self._near(memory, after) if after is not None else 0.0
        follow = FOLLOWED if steering.follow and holds(memory, steering.follow) else 0.0
        return reasons + near + follow + self._temperature * self._rng.random()

    def _taken(self, memory: Remembered) -> Remembered:
        self._left.remove(memory)
        return memory

    def _scene(self, first: Remembered, second: Remembered | None, shape: Shape, last: bool) -> Scene:
        grammar = self._grammar
        shared = [] if second is None else self._joints.shared(first, second)
        opening = self._opening(first, shape, last=last and self._first is first)
        claims = [opening, *self._said(first, shared)]
        word = shared[0] if shared else ""
        name = self._joints.names.get(word, "")
        if second is not None:
            against = self._ties.against.get(frozenset((first.seq, second.seq)))
            claims.append(
                grammar.joined(first, second, word, name) if against is None else grammar.resolved(against)
            )
            claims.append(self._opening(second, Shape.FRAGMENTED, last=False))
            claims += self._said(second, shared)
        if self._first is None:
            self._first = first
        self._last = second if second is not None and shape is not Shape.LINEAR else first
        told = tuple(claim for claim in claims if claim is not None)
        return Scene(number=self._told, claims=told, theme=name or word)

    def _opening(self, memory: Remembered, shape: Shape, *, last: bool) -> Claim | None:
        """Say when it is, unless that is the month of what was told before."""
        month = month_of(memory.message)
        if month == self._month and not last:
            return None
        begins, self._month = not self._month, month
        return self._grammar.opening(memory, shape, begins=begins, last=last)

    def _said(self, memory: Remembered, wanted: Sequence[str]) -> list[Claim | None]:
        said = self._grammar.said(memory, wanted)
        unresolved = Reason.UNRESOLVED in self._chosen.get(memory.seq, {})
        return [said, self._grammar.left_open(said, memory) if unresolved else None]
