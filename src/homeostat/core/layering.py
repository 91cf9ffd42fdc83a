"""The layering: which trials run on the same requests, and which divide the requests among themselves."""

from collections.abc import Sequence

from homeostat.core.plant import Split

Layer = tuple[Split, ...]


def layers(splits: Sequence[Split]) -> tuple[Layer, ...]:
    """Return the trials by layer: those that turn a common knob, directly or by way of others, share one.

    Each request takes part in one trial of each layer. So trials of different knobs use all requests, and no
    request gets a mixture of two trials of one knob.

    >>> found = layers([Split("a", {"x": 1}), Split("b", {"y": 1}), Split("c", {"x": 2, "z": 1})])
    >>> [[split.trial for split in layer] for layer in found]
    [['a', 'c'], ['b']]
    """
    found: list[list[Split]] = []
    for split in splits:
        touched = [
            layer for layer in found if any(split.treatment.keys() & s.treatment.keys() for s in layer)
        ]
        if not touched:
            found.append([split])
            continue
        first, *others = touched
        for other in others:
            first.extend(other)
            found.remove(other)
        first.append(split)
    return tuple(map(tuple, found))
