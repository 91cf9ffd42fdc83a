"""The series: one metric under one set of attributes."""

from typing import Self

import msgspec

from homeostat.core.metric import Kind

Attributes = tuple[tuple[str, str], ...]


class SeriesKey(msgspec.Struct, frozen=True, order=True):
    """What identifies a series: a metric's name, its kind and unit, and sorted attributes.

    >>> SeriesKey.of("answer.duration", Kind.HISTOGRAM, "ms", {"model": "m", "tier": 1}).attributes
    (('model', 'm'), ('tier', '1'))
    """

    metric: str
    kind: Kind
    unit: str
    attributes: Attributes = ()

    @classmethod
    def of(cls, metric: str, kind: Kind, unit: str, attributes: dict[str, object]) -> Self:
        """Build a key; attribute values become text, in the order of their names."""
        return cls(metric, kind, unit, tuple(sorted((k, str(v)) for k, v in attributes.items())))

    def get(self, attribute: str, default: str = "") -> str:
        """Return the value of one attribute."""
        return next((v for k, v in self.attributes if k == attribute), default)

    def matches(self, wanted: dict[str, str]) -> bool:
        """Tell whether every wanted attribute has the wanted value."""
        return all(self.get(k) == v for k, v in wanted.items())
