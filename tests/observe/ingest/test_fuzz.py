"""Whatever bytes come in, the receiver answers or raises InputError, and does not hang."""

import gzip
import json
import zlib
from contextlib import suppress
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from homeostat.core.errors import InputError
from homeostat.core.losses import Losses
from homeostat.observe.ingest.body import decode_body
from homeostat.observe.ingest.formats import DAMAGED, PROTOBUF_FORMAT
from homeostat.observe.ingest.limits import Limits
from homeostat.observe.ingest.prometheus_in import PrometheusReader
from homeostat.observe.ingest.receiver import Receiver
from homeostat.testing.clock import ManualClock
from homeostat.testing.otlp_requests import otlp_json

NOW_NS = 1_750_000_000 * 10**9
PROTOBUF, JSON = "application/x-protobuf", "application/json"
SIGNALS = ("traces", "metrics", "logs")


def a_trace() -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "s"
    scope = resource.scope_spans.add()
    for i in range(3):
        span = scope.spans.add(
            trace_id=b"t" * 16,
            span_id=bytes([i + 1]) * 8,
            name="chat",
            kind=3,
            start_time_unix_nano=NOW_NS,
            end_time_unix_nano=NOW_NS + 10**9,
        )
        span.attributes.add(key="gen_ai.operation.name").value.string_value = "chat"
        span.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = 21
        finish = span.attributes.add(key="gen_ai.response.finish_reasons")
        finish.value.array_value.values.add().string_value = "stop"
        span.events.add(name="First Token Stream Event", time_unix_nano=NOW_NS + 5)
    return request


def some_metrics() -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add().scope_metrics.add().metrics
    times = {"start_time_unix_nano": NOW_NS - 5, "time_unix_nano": NOW_NS}
    histogram = metrics.add(name="h", unit="s").histogram
    histogram.aggregation_temporality = 1
    histogram.data_points.add(
        count=3, sum=1.5, bucket_counts=[1, 2, 0], explicit_bounds=[0.5, 1.0], min=0.1, max=0.9, **times
    )
    exponential = metrics.add(name="e", unit="s").exponential_histogram
    exponential.aggregation_temporality = 2
    point = exponential.data_points.add(count=4, sum=2.0, scale=3, zero_count=1, **times)
    point.positive.offset = -3
    point.positive.bucket_counts.extend([1, 1, 1])
    total = metrics.add(name="s").sum
    total.aggregation_temporality = 2
    total.is_monotonic = True
    total.data_points.add(as_double=3.0, **times)
    metrics.add(name="g").gauge.data_points.add(as_int=3, **times)
    summary = metrics.add(name="q").summary.data_points.add(count=3, sum=2.0, **times)
    summary.quantile_values.add(quantile=0.5, value=1.0)
    return request


def take(signal: str, body: bytes, media_type: str) -> None:
    receiver = Receiver(
        ManualClock(NOW_NS), Losses(), Limits(series=3, remembered_spans=4, remembered_streams=4)
    )
    try:
        received = getattr(receiver, signal)(body, media_type)
    except InputError:
        return
    assert (received.rejected == 0) == (received.reason == "")
    assert all(point.moments.count > 0 for point in received.batch.points)


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
@given(body=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_random_bytes_raise_nothing_but_input_errors(signal: str, media_type: str, body: bytes) -> None:
    take(signal, body, media_type)


@pytest.mark.parametrize("signal", ["traces", "metrics"])
@given(data=st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_protobuf_raises_nothing_but_input_errors(signal: str, data: st.DataObject) -> None:
    body = bytearray((a_trace() if signal == "traces" else some_metrics()).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        how = data.draw(st.sampled_from(["set", "cut", "insert"]))
        if how == "set":
            body[at] = data.draw(st.integers(0, 255))
        elif how == "cut":
            del body[at : at + data.draw(st.integers(1, 20))]
        else:
            body[at:at] = data.draw(st.binary(max_size=12))
        if not body:
            break
    take(signal, bytes(body), PROTOBUF)


ODD: Any = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(["", "NaN", "-1", "18446744073709551616", "zz", "00", "\u0000", "😀"]),
    st.builds(list),
    st.builds(dict),
    st.builds(lambda: [[]]),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        return found + [p for k, v in value.items() for p in places(v, (*path, k))]
    if isinstance(value, list):
        return found + [p for i, v in enumerate(value) for p in places(v, (*path, i))]
    return found


@pytest.mark.parametrize("signal", ["traces", "metrics"])
@given(data=st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_odd_json_raises_nothing_but_input_errors(signal: str, data: st.DataObject) -> None:
    body = json.loads(otlp_json(a_trace() if signal == "traces" else some_metrics()))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(body)))
        holder = body
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = data.draw(ODD)
    take(signal, json.dumps(body).encode(), JSON)


@given(
    st.integers(-12, 22),
    st.integers(-(2**31), 2**31 - 1),
    st.lists(st.integers(0, 2**64 - 1), max_size=4),
    st.floats(),
    st.integers(0, 2**64 - 1),
    st.sampled_from(["s", "ms", "By"]),
)
@settings(max_examples=300, deadline=None)
def test_exponential_histograms_of_any_layout_are_taken_or_rejected(
    scale: int, offset: int, counts: list[int], total: float, zeros: int, unit: str
) -> None:
    request = ExportMetricsServiceRequest()
    data = request.resource_metrics.add().scope_metrics.add().metrics.add(name="e", unit=unit)
    data.exponential_histogram.aggregation_temporality = 1
    point = data.exponential_histogram.data_points.add(
        scale=scale, sum=total, zero_count=zeros, time_unix_nano=NOW_NS, min=total, max=total
    )
    for side in (point.positive, point.negative):
        side.offset = offset
        side.bucket_counts.extend(counts)
    take("metrics", request.SerializeToString(), PROTOBUF)


@given(
    st.lists(st.floats(), max_size=6),
    st.lists(st.integers(0, 2**64 - 1), max_size=7),
    st.floats(),
    st.floats(),
)
@settings(max_examples=300, deadline=None)
def test_explicit_histograms_of_any_layout_are_taken_or_rejected(
    bounds: list[float], counts: list[int], least: float, most: float
) -> None:
    request = ExportMetricsServiceRequest()
    data = request.resource_metrics.add().scope_metrics.add().metrics.add(name="h", unit="s")
    data.histogram.aggregation_temporality = 1
    data.histogram.data_points.add(
        bucket_counts=counts, explicit_bounds=bounds, time_unix_nano=NOW_NS, min=least, max=most, sum=least
    )
    take("metrics", request.SerializeToString(), PROTOBUF)


def test_deeply_nested_json_is_refused() -> None:
    for body in (b"[" * 200_000, b'{"resourceSpans":' + b"[" * 200_000):
        with pytest.raises(InputError):
            Receiver(ManualClock(NOW_NS), Losses()).traces(body, JSON)


def test_deeply_nested_values_are_cut_or_rejected() -> None:
    value = b'{"arrayValue":{"values":[' * 900 + b'{"intValue":1}' + b"]}}" * 900
    body = (
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%b","spanId":"%b",'
        b'"startTimeUnixNano":"%d","endTimeUnixNano":"%d","attributes":[{"key":"k","value":%b}]}]}]}]}'
        % (b"ab" * 16, b"cd" * 8, NOW_NS, NOW_NS, value)
    )
    take("traces", body, JSON)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "identity", None, "br"]))
@settings(max_examples=200, deadline=None)
def test_any_body_is_decoded_or_refused(body: bytes, encoding: str | None) -> None:
    with suppress(InputError):
        assert len(decode_body(body, encoding, 1_000)) <= 1_000


@given(
    st.binary(max_size=2_000), st.sampled_from(["gzip", "deflate"]), st.binary(max_size=3), st.integers(0, 40)
)
@settings(max_examples=200, deadline=None)
def test_damaged_compression_is_decoded_or_refused(data: bytes, encoding: str, noise: bytes, at: int) -> None:
    body = gzip.compress(data) if encoding == "gzip" else zlib.compress(data)
    with suppress(InputError):
        decode_body(body[:at] + noise + body[at:], encoding, 1_000)


@given(st.text(max_size=300), st.sampled_from(["text/plain", "application/openmetrics-text"]))
@settings(max_examples=200, deadline=None)
def test_any_text_is_an_exposition_or_refused(text: str, content_type: str) -> None:
    with suppress(InputError):
        PrometheusReader(Losses(), Limits(), 0).points(text, content_type, "s", "i", NOW_NS)


LINES = st.sampled_from(
    """
# TYPE a histogram
# TYPE a counter
# TYPE a summary
# HELP a \\
# EOF
a_bucket{le="1"} 3
a_bucket{le="+Inf"} 2
a_bucket{le="x"} 2
a_bucket{le="1"} 1e300
a_bucket 4
a_sum NaN
a_count -1
a{quantile="0.5"} 1
a_total 5
a_created 1e300
a 1 2 3
a{b="c",} 1
a{
a_seconds 1e999
""".strip().split("\n")
)


@given(st.lists(LINES, max_size=8), st.sampled_from(["text/plain", "application/openmetrics-text"]))
@settings(max_examples=300, deadline=None)
def test_any_lines_are_an_exposition_or_refused(lines: list[str], content_type: str) -> None:
    reader = PrometheusReader(Losses(), Limits(), 0)
    for step in range(2):
        with suppress(InputError):
            reader.points("\n".join(lines) + "\n", content_type, "s", "i", NOW_NS + step)


@given(
    st.text(max_size=140),
    st.one_of(
        st.text(max_size=140), st.integers(-(2**63), 2**63 - 1), st.booleans(), st.floats(allow_nan=False)
    ),
    st.binary(max_size=2),
)
@settings(max_examples=400, deadline=None)
def test_attributes_are_read_as_protobuf_reads_them(name: str, value: Any, noise: bytes) -> None:
    message = KeyValue(key=name)
    field = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value"}[type(value)]
    setattr(message.value, field, value)
    encoded = message.SerializeToString()
    assert PROTOBUF_FORMAT.attribute(encoded) == (name, value)
    try:
        expected = KeyValue.FromString(encoded + noise)
    except DecodeError:
        with pytest.raises(DAMAGED):
            PROTOBUF_FORMAT.attribute(encoded + noise)
    else:
        assert PROTOBUF_FORMAT.attribute(encoded + noise) == (
            expected.key,
            getattr(expected.value, expected.value.WhichOneof("value")),
        )
