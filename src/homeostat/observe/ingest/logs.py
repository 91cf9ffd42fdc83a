"""Log records: one record of the wire, checked and normalised."""

from typing import Any

from homeostat.core.losses import Losses
from homeostat.core.span import LogRecord, Scalar
from homeostat.observe.ingest.attributes import AttributeReader, plain_value, scalar
from homeostat.observe.ingest.limits import Limits
from homeostat.observe.ingest.names import EXCEPTION_TYPE

SEVERITIES = ("trace", "debug", "info", "warn", "error", "fatal")
EVENT_NAME = "event.name"


def severity_of(number: int, text: str) -> str:
    """Return the severity's name: of the number where there is one, else of the text.

    >>> severity_of(17, ""), severity_of(0, "WARNING"), severity_of(0, "")
    ('error', 'warn', '')
    """
    if 1 <= number <= 24:
        return SEVERITIES[(number - 1) // 4]
    word = text.strip().lower()[:16]
    return {"warning": "warn", "critical": "fatal"}.get(word, word)


class LogReader:
    """Turns the log record messages of one wire format into records."""

    def __init__(
        self, attributes: AttributeReader, losses: Losses, limits: Limits, capture_content: bool
    ) -> None:
        self._read = attributes.read
        self._losses = losses
        self._limits = limits
        self._capture_content = capture_content

    def record(self, message: Any, service: str, now_ns: int) -> LogRecord | str:
        """Return the record, or why it is rejected. Raises what the decoder raises for damaged bytes."""
        limits = self._limits
        time_ns = message.time_unix_nano or message.observed_time_unix_nano or now_ns
        if not now_ns - limits.age_ns <= time_ns <= now_ns + limits.ahead_ns:
            return "a log record's time is too far from this machine's clock"
        attributes = self._read(message.attributes)
        trace_id, span_id = message.trace_id, message.span_id
        if len(trace_id) != 16 or not trace_id.strip(b"\0"):
            trace_id = b""
        if len(span_id) != 8 or not span_id.strip(b"\0"):
            span_id = b""
        name = message.event_name or attributes.pop(EVENT_NAME, "") or attributes.get(EXCEPTION_TYPE, "")
        return LogRecord(
            time_ns=time_ns,
            service=service,
            severity=severity_of(message.severity_number, message.severity_text),
            name=str(name)[: limits.name_chars],
            body=self._body(message.body) if self._capture_content else "",
            trace_id=trace_id,
            span_id=span_id,
            attributes=attributes,
        )

    def _body(self, message: Any) -> str:
        value: Scalar | None = scalar(plain_value(message))
        text = "" if value is None else str(value)
        if len(text) > self._limits.value_chars:
            self._losses.add("ingest.values_cut")
        return text[: self._limits.value_chars]
