"""Limits: how much of one span, log record or batch is kept. What is cut is counted."""

from dataclasses import dataclass

from homeostat.core.clock import DAY_NS, HOUR_NS


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
