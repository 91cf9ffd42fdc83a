"""The trace context: what ties spans of different processes together, as HTTP headers carry it.

Source: W3C Trace Context, https://www.w3.org/TR/trace-context/ (recommendation of 2021-11-23).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

SAMPLED = 0x01

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_MEMBER = re.compile(
    r"(?:[a-z][_0-9a-z\-*/]{0,255}|[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
_STATE_MEMBERS = 32
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16


@dataclass(frozen=True, slots=True)
class TraceContext:
    """The position in a trace from which work goes on: 16 bytes for the trace, 8 for the span."""

    trace_id: bytes
    span_id: bytes
    flags: int = SAMPLED
    state: str = ""

    @property
    def sampled(self) -> bool:
        """Tell whether the caller may have kept its part of the trace."""
        return bool(self.flags & SAMPLED)

    def traceparent(self) -> str:
        """Return the header's value.

        >>> TraceContext(bytes(15) + b"\\x01", bytes(7) + b"\\x02").traceparent()
        '00-00000000000000000000000000000001-0000000000000002-01'
        """
        return f"00-{self.trace_id.hex()}-{self.span_id.hex()}-{self.flags:02x}"


def parse_traceparent(header: str, state: str = "") -> TraceContext | None:
    """Return the context that a `traceparent` header carries, or None where it breaks the rules.

    A later version than 00 is read as far as 00 reaches, as the recommendation asks; of the flags only
    `sampled` is kept. A `tracestate` that breaks the rules is left out.
    """
    match = _TRACEPARENT.fullmatch(header.strip(" \t"))
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest) or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return TraceContext(
        bytes.fromhex(trace_id), bytes.fromhex(span_id), int(flags, 16) & SAMPLED, valid_tracestate(state)
    )


def valid_tracestate(header: str) -> str:
    """Return a `tracestate` header in its shortest form, or nothing where it breaks the rules."""
    members = [m for m in (part.strip(" \t") for part in header.split(",")) if m]
    keys = {m.partition("=")[0] for m in members}
    if len(keys) != len(members) or len(members) > _STATE_MEMBERS:
        return ""
    return ",".join(members) if all(_MEMBER.fullmatch(m) for m in members) else ""


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header's value whatever the case of its name; nothing where it is absent."""
    found = headers.get(name)
    if found is None:
        found = next((v for k, v in headers.items() if k.lower() == name), "")
    return found
