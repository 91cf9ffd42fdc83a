"""The moments of a point, as the exemplar of an OTLP data point.

OTLP has no place for a mean and a spread, nor for how many increments a sum is made of. A data point
may carry exemplars, though: samples with attributes of their own. Ours is the newest value, with the
moments beside it; a receiver that does not know them reads a plain exemplar.
"""

import math
from collections.abc import Sequence
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


def read_moments(exemplars: Sequence[bytes]) -> Moments | None:
    """Return the moments that encoded exemplars carry, exactly; None where they carry none that make sense.

    Only a single exemplar is looked at: other senders' come in numbers, and are none of ours.
    """
    if len(exemplars) != 1 or COUNT.encode() not in exemplars[0]:
        return None
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Exemplar

    try:
        exemplar = Exemplar.FromString(exemplars[0])
    except DecodeError:
        return None
    values = {a.key: a.value for a in exemplar.filtered_attributes}
    if values.keys() != {COUNT, MEAN, M2, MINIMUM, MAXIMUM}:
        return None
    found = Moments(
        count=values[COUNT].int_value,
        mean=values[MEAN].double_value,
        m2=values[M2].double_value,
        minimum=values[MINIMUM].double_value,
        maximum=values[MAXIMUM].double_value,
        last=exemplar.as_double,
    )
    return found if _makes_sense(found) else None


def _makes_sense(m: Moments) -> bool:
    """Whether these can be the moments of some values; a mean may be off its range by rounding."""
    if not all(map(math.isfinite, (m.mean, m.m2, m.minimum, m.maximum, m.last, m.total))):
        return False
    slack = 1e-9 * max(abs(m.minimum), abs(m.maximum))
    return (
        0 < m.count < 2**53
        and m.m2 >= 0.0
        and m.minimum <= m.last <= m.maximum
        and m.minimum - slack <= m.mean <= m.maximum + slack
    )
