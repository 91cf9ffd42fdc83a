"""The moments of a point, as the exemplar of an OTLP data point.

OTLP has no place for a mean and a spread, nor for how many increments a sum is made of. A data point
may carry exemplars, though: samples with attributes of their own. Ours is the newest value, with the
moments beside it; a receiver that does not know them reads a plain exemplar.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from homeostat.core.point import Moments

if TYPE_CHECKING:
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Exemplar

COUNT = "homeostat.count"
MEAN = "homeostat.mean"
M2 = "homeostat.m2"
MINIMUM = "homeostat.min"
MAXIMUM = "homeostat.max"


def write_moments(exemplar: "Exemplar", moments: Moments, time_ns: int) -> None:
    """Fill an exemplar with moments."""
    exemplar.time_unix_nano = time_ns
    exemplar.as_double = moments.last
    count = exemplar.filtered_attributes.add()
    count.key = COUNT
    count.value.int_value = moments.count
    numbers = ((MEAN, moments.mean), (M2, moments.m2), (MINIMUM, moments.minimum), (MAXIMUM, moments.maximum))
    for key, number in numbers:
        attribute = exemplar.filtered_attributes.add()
        attribute.key = key
        attribute.value.double_value = number


def read_moments(exemplars: "Iterable[Exemplar]") -> Moments | None:
    """Return the moments that one of the exemplars carries, exactly; None where none does."""
    for exemplar in exemplars:
        values = {a.key: a.value for a in exemplar.filtered_attributes}
        if all(key in values for key in (COUNT, MEAN, M2, MINIMUM, MAXIMUM)):
            return Moments(
                count=values[COUNT].int_value,
                mean=values[MEAN].double_value,
                m2=values[M2].double_value,
                minimum=values[MINIMUM].double_value,
                maximum=values[MAXIMUM].double_value,
                last=exemplar.as_double,
            )
    return None
