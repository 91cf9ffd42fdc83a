"""Nesting: where one instrumentation wraps another, a call to a model is counted once, at the innermost.

A framework's span (`ChatOpenAI.chat`) around a client's span (`chat gpt-4o`) tells the same tokens
again. A call that contains another call therefore becomes a plain operation; its attributes still say
what its instrumentation said.

What is known: children end, and so are mostly exported, before their parents; what lies above a call is
remembered from batch to batch. What cannot be known: when the parent arrives first (another process
with a slower exporter), both were already counted. When the innermost call says no tokens but its
wrapper does, none are counted.
"""

from collections.abc import Sequence

import msgspec

from homeostat.core.span import Span
from homeostat.observe.ingest.recent import Recent

HEIGHT_MAX = 64


class Nesting:
    """Remembers which spans, perhaps not yet arrived, contain a call."""

    def __init__(self, size: int) -> None:
        self._above = Recent(size)

    def innermost(self, spans: Sequence[Span]) -> list[Span]:
        """Return the same spans, in which only innermost calls are calls."""
        calls = [s for s in spans if s.llm is not None and s.parent_id]
        above = self._above
        if not calls and not above:
            return list(spans)
        parents = {s.trace_id + s.span_id: s.trace_id + s.parent_id for s in spans if s.parent_id}
        for call in calls:
            self._mark(call.trace_id + call.parent_id, parents)
        for key, parent in parents.items():
            if key in above and parent not in above:
                self._mark(parent, parents)
        return [s if s.llm is None or s.trace_id + s.span_id not in above else _plain(s) for s in spans]

    def _mark(self, key: bytes, parents: dict[bytes, bytes]) -> None:
        above = self._above
        for _ in range(HEIGHT_MAX):
            if key in above:
                return
            above.add(key)
            parent = parents.get(key)
            if parent is None:
                return
            key = parent


def _plain(span: Span) -> Span:
    return msgspec.structs.replace(span, llm=None, operation=span.name)
