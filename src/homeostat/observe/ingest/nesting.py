"""Nesting: where one instrumentation wraps another, a call to a model is counted once.

A framework's span (`ChatOpenAI.chat`) around a client's span (`chat gpt-4o`) tells the same tokens
again. A call that contains another call therefore becomes a plain operation; its attributes still say
what its instrumentation said.

Children end, and so are mostly exported, before their parents; what lies above a call is remembered from
batch to batch. Where the parent arrives first (another process with a slower exporter), it was counted
already: then the child becomes the plain operation, if the parent told its tokens, and its cost where the
child has one. What cannot be known: a plain span between the two that arrives last. When the innermost
call says no tokens but its wrapper does, none are counted.
"""

from collections.abc import Sequence

import msgspec

from homeostat.core.span import LlmCall, Span
from homeostat.observe.ingest.recent import Recent

HEIGHT_MAX = 64


class Nesting:
    """Remembers which spans, perhaps not yet arrived, contain a call, and which lie within a counted one."""

    def __init__(self, size: int) -> None:
        self._above = Recent(size)
        self._counted = _Counted(size)

    def innermost(self, spans: Sequence[Span]) -> list[Span]:
        """Return the same spans, in which of calls within each other only one is a call."""
        above, counted = self._above, self._counted
        if not above and not counted and all(s.llm is None for s in spans):
            return list(spans)
        parents = {s.trace_id + s.span_id: s.trace_id + s.parent_id for s in spans if s.parent_id}
        within = counted.within(spans, parents)
        for s in spans:
            if s.llm is not None and s.parent_id and s.trace_id + s.span_id not in within:
                self._mark(s.trace_id + s.parent_id, parents)
        for key, parent in parents.items():
            if key in above and parent not in above:
                self._mark(parent, parents)
        found = []
        for s in spans:
            if s.llm is None:
                found.append(s)
                continue
            key = s.trace_id + s.span_id
            if key in within or (key in above and not counted.holds(key)):
                found.append(_plain(s))
            else:
                counted.add(s, s.llm)
                found.append(s)
        counted.note_within(found, parents)
        return found

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


class _Counted:
    """The calls that were counted with their tokens, and the spans known to lie within them."""

    def __init__(self, size: int) -> None:
        self._traces = Recent(size)
        self._calls = Recent(size)
        self._below = Recent(size)
        self._priced = Recent(size)

    def __len__(self) -> int:
        return len(self._calls)

    def holds(self, key: bytes) -> bool:
        """Tell whether a span was counted as a call."""
        return key in self._calls

    def add(self, span: Span, call: LlmCall) -> None:
        """Remember a call that says its tokens."""
        if call.input_tokens is None or call.output_tokens is None:
            return
        key = span.trace_id + span.span_id
        _note(self._traces, span.trace_id)
        _note(self._calls, key)
        if call.cost_usd is not None:
            _note(self._priced, key)

    def within(self, spans: Sequence[Span], parents: dict[bytes, bytes]) -> set[bytes]:
        """Return the calls that lie within one that was counted with an earlier batch."""
        found: set[bytes] = set()
        for span in spans:
            if span.llm is None or not span.parent_id or span.trace_id not in self._traces:
                continue
            key = span.trace_id + span.span_id
            around = None if key in self._calls else self._around(key, parents)
            if around is not None and (around in self._priced or span.llm.cost_usd is None):
                found.add(key)
        return found

    def note_within(self, spans: Sequence[Span], parents: dict[bytes, bytes]) -> None:
        """Remember the spans that lie within a counted call and are none: calls may lie within them."""
        for span in spans:
            if span.llm is not None or not span.parent_id or span.trace_id not in self._traces:
                continue
            key = span.trace_id + span.span_id
            around = self._around(key, parents)
            if around is not None:
                _note(self._below, key)
                if around in self._priced:
                    _note(self._priced, key)

    def _around(self, key: bytes, parents: dict[bytes, bytes]) -> bytes | None:
        for _ in range(HEIGHT_MAX):
            parent = parents.get(key)
            if parent is None:
                return None
            if parent in self._calls or parent in self._below:
                return parent
            key = parent
        return None


def _note(members: Recent, member: bytes) -> None:
    if member not in members:
        members.add(member)


def _plain(span: Span) -> Span:
    return msgspec.structs.replace(span, llm=None, operation=span.name)
