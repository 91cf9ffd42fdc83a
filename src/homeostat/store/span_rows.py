"""Span rows: what a store writes of spans, one row for those of a trace, and outlines to find it by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import msgspec

from homeostat.core.span import Span
from homeostat.store.mend import mended

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Span])

SpansById = dict[bytes, dict[bytes, Span]]
"""Spans by the id of their trace, then by their own."""


@dataclass(frozen=True, slots=True)
class SpanRow:
    """The spans of one trace that came together: how many, how many failed, and all of them as bytes."""

    trace_id: bytes
    spans: int
    failed: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of one trace: its extent, and its head, which is its root or else its earliest span.

    Every part is a minimum, a maximum or the head's, so that merging the same spans twice changes nothing.
    """

    trace_id: bytes
    start_ns: int
    end_ns: int
    failed: bool
    rooted: bool
    head_ns: int
    operation: str
    service: str


def by_trace(spans: Sequence[Span]) -> SpansById:
    """Return the spans by trace, each once."""
    found: SpansById = {}
    for span in spans:
        found.setdefault(span.trace_id, {}).setdefault(span.span_id, span)
    return found


def without_known(spans: SpansById, bodies: Iterable[tuple[bytes, bytes]]) -> dict[bytes, list[Span]]:
    """Return what is not among the rows that are kept, given as trace and body."""
    for trace_id, body in bodies:
        for kept in _decoder.decode(body):
            spans[trace_id].pop(kept.span_id, None)
    return {trace_id: list(held.values()) for trace_id, held in spans.items() if held}


def encoded(spans: Mapping[bytes, Sequence[Span]]) -> tuple[list[SpanRow], list[Outline]]:
    """Return a row and an outline for each trace; what a row cannot hold is mended. Raises OverflowError."""
    try:
        rows = _rows(spans)
    except (OverflowError, UnicodeEncodeError):
        spans = {trace_id: mended(held) for trace_id, held in spans.items()}
        rows = _rows(spans)
    return rows, _outlines(chain.from_iterable(spans.values()))


def _rows(spans: Mapping[bytes, Sequence[Span]]) -> list[SpanRow]:
    encode = _encoder.encode
    return [
        SpanRow(trace_id, len(held), sum(1 for s in held if s.error), encode(held))
        for trace_id, held in spans.items()
    ]


def decoded(bodies: Iterable[bytes]) -> list[Span]:
    """Return the spans of several rows."""
    return [span for body in bodies for span in _decoder.decode(body)]


def _outlines(spans: Iterable[Span]) -> list[Outline]:
    heads: dict[bytes, Span] = {}
    starts: dict[bytes, int] = {}
    ends: dict[bytes, int] = {}
    failed: set[bytes] = set()
    for span in spans:
        trace = span.trace_id
        start, end = span.start_ns, span.start_ns + span.duration_ns
        head = heads.get(trace)
        if head is None:
            heads[trace], starts[trace], ends[trace] = span, start, end
        else:
            if start < starts[trace]:
                starts[trace] = start
            if end > ends[trace]:
                ends[trace] = end
            if (not span.parent_id, -start) > (not head.parent_id, -head.start_ns):
                heads[trace] = span
        if span.error:
            failed.add(trace)
    return [
        Outline(t, starts[t], ends[t], t in failed, not h.parent_id, h.start_ns, h.operation, h.service)
        for t, h in heads.items()
    ]
