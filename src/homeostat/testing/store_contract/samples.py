"""Samples of what a store keeps: points, and spans with all that a span can hold."""

from collections.abc import Sequence

import numpy as np

from homeostat.core.clock import SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.point import Moments, Point
from homeostat.core.series import SeriesKey
from homeostat.core.span import LlmCall, Span, SpanEvent
from homeostat.stats.sketch import sketch

T0 = 1_750_003_200 * SECOND_NS
"""A full hour."""

LATENCY = SeriesKey.of("llm.duration", Kind.HISTOGRAM, "ms", {"model": "m", "service": "web"})
OTHER_LATENCY = SeriesKey.of("llm.duration", Kind.HISTOGRAM, "ms", {"model": "n", "service": "web"})
LEVEL = SeriesKey.of("memory.rss", Kind.GAUGE, "bytes", {"service": "web"})
TOKENS = SeriesKey.of("llm.tokens", Kind.COUNTER, "tokens", {"type": "input"})
SERIES = (LATENCY, OTHER_LATENCY, LEVEL, TOKENS)


def point(series: SeriesKey, start_ns: int, values: Sequence[float], scale: int = 6) -> Point:
    """Return the point that holds these values."""
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    return Point(
        series,
        start_ns,
        Moments(
            array.size,
            mean,
            float(((array - mean) ** 2).sum()),
            float(array.min()),
            float(array.max()),
            float(array[-1]),
        ),
        sketch(array, scale) if series.kind is Kind.HISTOGRAM else None,
    )


def span(trace: int, number: int, parent: int | None = None, **changes: object) -> Span:
    """Return a span with all that a span can hold."""
    whole = Span(
        trace_id=trace.to_bytes(16, "big"),
        span_id=number.to_bytes(8, "big"),
        parent_id=b"" if parent is None else parent.to_bytes(8, "big"),
        name=f"chat {number}",
        operation=f"op{number}",
        service="web",
        kind="client",
        start_ns=T0 + number * SECOND_NS,
        duration_ns=SECOND_NS,
        llm=LlmCall("chat", "openai", "m", input_tokens=3, cost_usd=0.25),
        attributes={"text": "ä", "whole": 1, "part": 0.5, "flag": True},
        events=(SpanEvent(T0, "first token", {"n": 1}),),
    )
    fields = {name: getattr(whole, name) for name in whole.__struct_fields__}
    return Span(**{**fields, **changes})
