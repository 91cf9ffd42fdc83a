"""The formats: how the messages of each wire format are parsed, behind one shape.

Both give messages with the field names of OpenTelemetry's schema; what repeats by the thousand (spans,
metrics, log records, attributes) is given as encoded bytes and parsed one by one.
"""

import struct
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


def _short_pair(encoded: bytes) -> tuple[str, object] | None:
    """Cut a short attribute out of its encoding; None where only the general way can tell.

    New values (ids of responses, times, token counts) are what the memo of attributes cannot help with; for
    them this takes a third of the time of the general way. Expected is a name (field 1) and an AnyValue
    (field 2) of at most 125 bytes that fills the rest: a string (its field 1), an int (3) below 2**28 or a
    double (4).
    """
    size = len(encoded)
    if size < 6 or encoded[0] != 0x0A:
        return None
    at = 2 + encoded[1]
    rest = size - at - 2
    if at > 129 or not 2 < rest < 128 or encoded[at] != 0x12 or encoded[at + 1] != rest:
        return None
    name, tag = str(encoded[2:at], "utf-8"), encoded[at + 2]
    if tag == 0x0A and encoded[at + 3] == rest - 2:
        return name, str(encoded[at + 4 :], "utf-8")
    if tag == 0x21 and rest == 9:
        return name, _double(encoded, at + 3)[0]
    if tag == 0x18 and rest < 6:
        value = 0
        for place, byte in enumerate(encoded[at + 3 :]):
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return (name, value) if place == rest - 2 else None
    return None


_double = struct.Struct("<d").unpack_from


def _pair(encoded: bytes) -> tuple[str, object]:
    short = _short_pair(encoded)
    if short is not None:
        return short
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
