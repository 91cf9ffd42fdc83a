"""The plan of requests: draws the arms of each in all trials that run."""

from collections.abc import Callable, Sequence

from homeostat.core.assignment import mixed, salt_of, threshold_of
from homeostat.core.knob import Value
from homeostat.core.layering import layers
from homeostat.core.plant import CONTROL, NO_ARM, TREATMENT, Split
from homeostat.observe.request import Arms

ValuesOf = Callable[[frozenset[str]], Sequence[Value]]
"""The values of the request knobs, by their index, where some trials are the treatment."""

Draw = tuple[int, int, int, bool]
"""Number of a split, salt and threshold of its trial, and whether it keeps to users."""


class Plan:
    """How requests are divided. `draws` are the splits by layer, each layer with a salt of its own.

    The arms of a request are written as a number, two bits for each split: whether it takes part, and
    whether it is the treatment.
    """

    __slots__ = ("arms", "draws", "splits", "trials", "values_of")

    def __init__(self, splits: Sequence[Split], values_of: ValuesOf) -> None:
        self.splits = tuple(splits)
        self.values_of = values_of
        self.trials = frozenset(split.trial for split in splits)
        self.arms: dict[int, Arms] = {}
        numbers = {split.trial: number for number, split in enumerate(splits)}
        self.draws: tuple[tuple[int, tuple[Draw, ...]], ...] = tuple(
            (
                salt_of("\0".join(("layer", *sorted(split.trial for split in layer)))),
                tuple((numbers[s.trial], salt_of(s.trial), threshold_of(s.share), s.sticky) for s in layer),
            )
            for layer in layers(self.splits)
        )

    def draw(self, number: int, unit: int | None) -> int:
        """Return the arms of the request with this number, of the user with the number `unit`."""
        key = 0
        for salt, layer in self.draws:
            if len(layer) == 1:
                which, own, threshold, sticky = layer[0]
            else:
                chosen = mixed(salt, number if unit is None else unit) * len(layer) >> 64
                which, own, threshold, sticky = layer[chosen]
            treated = mixed(own, unit if sticky and unit is not None else number) < threshold
            key |= (3 if treated else 1) << 2 * which
        return key

    def make(self, key: int) -> Arms:
        """Return what requests with these arms share.

        A shadowed trial is not one of whole requests, but of the calls of its switch: they have their own
        rows.
        """
        drawn = [key >> 2 * number & 3 for number in range(len(self.splits))]
        treated = [split for split, arm in zip(self.splits, drawn, strict=True) if arm == 3]
        names = frozenset(split.trial for split in treated)
        return Arms(
            list(self.values_of(names)),
            {
                split.trial: NO_ARM if split.shadow or not arm else TREATMENT if arm == 3 else CONTROL
                for split, arm in zip(self.splits, drawn, strict=True)
            },
            names,
            {name: (s.trial, value) for s in treated if s.shadow for name, value in s.treatment.items()},
        )
