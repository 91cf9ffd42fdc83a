"""The cut: a module from which units go one by one, the least central first, and none that is pinned."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from homeostat.prompts.extraction.pins import Reason, numbers
from homeostat.prompts.extraction.unit import Structure


class Cut:
    """A module on its way to being shorter.

    Guarantee: what is pinned stays, and what gives it its context; each number stays in at least one
    place; a frame goes with the last unit in it, a numbered list as a whole. `tokens` is the sum over
    units, which a tokenizer may count otherwise by some tokens when they are joined.
    """

    def __init__(
        self,
        structure: Structure,
        pinned: Mapping[int, Reason],
        scores: Sequence[float],
        costs: Sequence[int],
    ) -> None:
        self.structure = structure
        self.dropped: set[int] = set()
        self.tokens = sum(costs)
        self._costs = costs
        self._closers = {u.parent: i for i, u in enumerate(structure.units) if u.kind == "close"}
        self._left = Counter(u.parent for u in structure.units if u.kind != "close")
        self._numbers = [
            Counter(numbers(structure.words(i)) if pinned.get(i) != "open tag" else ())
            for i in range(len(structure.units))
        ]
        self._kept_numbers = Counter(number for found in self._numbers for number in found.elements())
        self._held: set[int] = set()
        for index in pinned:
            self._hold(index)
        self._choices = self._ordered(scores)

    @property
    def least(self) -> float | None:
        """How much the next unit matters that may go; None where none may."""
        while self._choices:
            score, members = self._choices[-1]
            if self._may_go(members):
                return score
            self._choices.pop()
        return None

    def drop(self) -> bool:
        """Let the next unit go that may, with the frames that it leaves empty; False where none may."""
        if self.least is None:
            return False
        for index in self._choices.pop()[1]:
            self._take(index)
        return True

    def text(self) -> str:
        """Return what is left."""
        return self.structure.without(self.dropped)

    def _ordered(self, scores: Sequence[float]) -> list[tuple[float, tuple[int, ...]]]:
        """Return what goes together with how much it matters, the least at the end.

        Something matters as much as what stands in it, and goes after it.
        """
        units = self.structure.units
        groups: dict[int, list[int]] = defaultdict(list)
        for index, unit in enumerate(units):
            if unit.kind != "close":
                groups[unit.group if unit.group >= 0 else -1 - index].append(index)
        matters = [0.0] * (len(units) + 1)
        choices = []
        for members in sorted(groups.values(), reverse=True):
            own = sum(scores[i] for i in members) / len(members)
            worth = max(own, *(matters[i] for i in members))
            for i in members:
                matters[units[i].parent] = max(matters[units[i].parent], worth)
            choices.append((worth, tuple(members)))
        return sorted(choices, key=lambda c: (-c[0], c[1]))

    def _may_go(self, members: Sequence[int]) -> bool:
        if any(i in self.dropped or i in self._held or self._left[i] for i in members):
            return False
        lost = Counter(number for i in members for number in self._numbers[i].elements())
        if all(self._kept_numbers[number] > n for number, n in lost.items()):
            return True
        for index in members:
            self._hold(index)
        return False

    def _hold(self, index: int) -> None:
        """Keep a unit and all that gives it its context."""
        while index >= 0 and index not in self._held:
            self._held.add(index)
            index = self.structure.units[index].parent

    def _take(self, index: int) -> None:
        units = self.structure.units
        while True:
            self.dropped.add(index)
            self.tokens -= self._costs[index]
            self._kept_numbers.subtract(self._numbers[index])
            closer = self._closers.get(index)
            if closer is not None:
                self.dropped.add(closer)
                self.tokens -= self._costs[closer]
            index = units[index].parent
            if index < 0:
                return
            self._left[index] -= 1
            frame = units[index].frame and units[index].group < 0
            if not frame or not self._may_go([index]):
                return
