"""Limits: how much of one span, log record or batch is kept. What is cut is counted."""

from dataclasses import dataclass

from homeostat.core.clock import DAY_NS, HOUR_NS

COUNT_MAX = 2**53
"""Counts below this are exact in a float."""

MAGNITUDE_MAX = 1e120
"""Numbers up to this can be squared and summed; no measured quantity comes near it."""


def in_range(value: float) -> bool:
    """Tell whether a number is finite and within `MAGNITUDE_MAX`."""
    return -MAGNITUDE_MAX <= value <= MAGNITUDE_MAX


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is taken in.

    The numbers of attributes and events are the defaults of the OpenTelemetry specification. A span
    that began longer ago than `age_ns` or ends more than `ahead_ns` in the future is rejected: its
    clock is wrong, or it is older than what is kept.
    """

    attributes: int = 128
    events: int = 128
    value_chars: int = 4_096
    name_chars: int = 256
    age_ns: int = 30 * DAY_NS
    ahead_ns: int = HOUR_NS
    series: int = 1_000
    remembered_spans: int = 65_536
    remembered_streams: int = 50_000
