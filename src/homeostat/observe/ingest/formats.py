"""The formats: how the messages of each wire format are parsed, behind one shape.

Both give messages with the field names of OpenTelemetry's schema; what repeats by the thousand (spans,
metrics, log records, attributes) is given as encoded bytes and parsed one by one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from homeostat.core.errors import InputError
from homeostat.observe.ingest import json_form, wire
from homeostat.observe.ingest.attributes import plain_value

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

DAMAGED = (
    DecodeError,
    msgspec.DecodeError,
    msgspec.ValidationError,
    ValueError,
    RecursionError,
    OverflowError,
)
"""What parsing damaged bytes raises."""


@dataclass(frozen=True, slots=True)
class Format:
    """One wire format: parsers of whole requests and of their parts. Each raises one of `DAMAGED`."""

    media_type: str
    requests: dict[str, Callable[[bytes], Any]]
    span: Callable[[bytes], Any]
    metric: Callable[[bytes], Any]
    log: Callable[[bytes], Any]
    attribute: Callable[[bytes], tuple[str, object]]

    def request(self, signal: str, body: bytes) -> Any:
        """Parse a whole body; InputError says why it cannot be."""
        try:
            return self.requests[signal](body)
        except DAMAGED as error:
            text = str(error) or type(error).__name__
            raise InputError(
                f"the body is no OTLP {signal} request in {self.media_type}: {text[:300]}"
            ) from None


def _short_text(encoded: bytes) -> tuple[str, str] | None:
    """Cut an attribute with a short name and a short text out of its encoding; None where it is no such.

    New texts (ids of responses) are what the memo of attributes cannot help with; this takes a third of
    the time of the general way. Name (field 1) and AnyValue (field 2) with its string (field 1), each
    behind a one-byte length.
    """
    size = len(encoded)
    if size < 6 or encoded[0] != 0x0A:
        return None
    at = 2 + encoded[1]
    if (
        at + 4 > size
        or encoded[at] != 0x12
        or encoded[at + 1] != size - at - 2
        or encoded[at + 2] != 0x0A
        or encoded[at + 3] != size - at - 4
        or size - at > 127
        or at > 129
    ):
        return None
    return str(encoded[2:at], "utf-8"), str(encoded[at + 4 :], "utf-8")


def _pair(encoded: bytes) -> tuple[str, object]:
    text = _short_text(encoded)
    if text is not None:
        return text
    message = wire.KeyValue.FromString(encoded)
    return message.key, plain_value(message.value)


PROTOBUF_FORMAT = Format(
    media_type=PROTOBUF,
    requests={
        "traces": wire.TraceRequest.FromString,
        "metrics": wire.MetricsRequest.FromString,
        "logs": wire.LogsRequest.FromString,
    },
    span=wire.SpanMessage.FromString,
    metric=wire.MetricMessage.FromString,
    log=wire.LogRecordMessage.FromString,
    attribute=_pair,
)


_decode_json_pair = json_form.decoder(json_form.KeyValue).decode


def _json_pair(encoded: bytes) -> tuple[str, object]:
    message = _decode_json_pair(encoded)
    return message.key, plain_value(message.value)


JSON_FORMAT = Format(
    media_type=JSON,
    requests={
        "traces": json_form.decoder(json_form.TraceRequest).decode,
        "metrics": json_form.decoder(json_form.MetricsRequest).decode,
        "logs": json_form.decoder(json_form.LogsRequest).decode,
    },
    span=json_form.decoder(json_form.Span).decode,
    metric=json_form.decoder(json_form.Metric).decode,
    log=json_form.decoder(json_form.LogRecord).decode,
    attribute=_json_pair,
)


def format_of(media_type: str) -> Format:
    """Return the format of a media type; parameters such as the charset are ignored."""
    name = media_type.partition(";")[0].strip().lower()
    found = FORMATS.get(name)
    if found is None:
        raise InputError(f"content-type {media_type!r} is not known; send {PROTOBUF} or {JSON}")
    return found


FORMATS = {PROTOBUF: PROTOBUF_FORMAT, "application/protobuf": PROTOBUF_FORMAT, JSON: JSON_FORMAT}
