"""What does recording one value cost, all in, and what does it cost elsewhere?"""

import random
from pathlib import Path

from benchmarks.result import Result
from benchmarks.timing import Run, Timing, side_by_side
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.observe.recorder import Histogram
from homeostat.observe.registry import Registry

FLUSH_EVERY = 4_096
ATTRIBUTES: dict[str, object] = {"model": "m", "provider": "p", "operation": "chat"}


def _values() -> list[float]:
    rng = random.Random(5)
    return [rng.lognormvariate(3.0, 1.0) for _ in range(FLUSH_EVERY)]


def homeostat(attributes: dict[str, object], flushes: int = 16) -> Run:
    """Record through a resolved handle, and fold what was recorded every 4,096 values."""
    registry, values = Registry(Losses()), _values()
    handle = registry.recorder("d", Kind.HISTOGRAM, "ms", attributes).handle
    assert isinstance(handle, Histogram)

    def run() -> int:
        record = handle.record
        fold = registry.fold
        for _ in range(flushes):
            for value in values:
                record(value)
            fold(0, 1_000_000_000)
        return flushes * FLUSH_EVERY

    return run


def prometheus(labelled: bool) -> Run:
    """prometheus_client's Histogram, its labels resolved once."""
    import prometheus_client

    names = list(ATTRIBUTES) if labelled else []
    registry = prometheus_client.CollectorRegistry()
    histogram = prometheus_client.Histogram("d", "d", names, registry=registry)
    child = histogram.labels(*map(str, ATTRIBUTES.values())) if labelled else histogram
    values = _values()

    def run() -> int:
        observe = child.observe
        for value in values:
            observe(value)
        return FLUSH_EVERY

    return run


def opentelemetry(labelled: bool) -> Run:
    """The histogram of OpenTelemetry's SDK, which takes attributes with every value."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    provider = MeterProvider(metric_readers=[InMemoryMetricReader()], shutdown_on_exit=False)
    histogram = provider.get_meter("benchmark").create_histogram("d")
    attributes = {k: str(v) for k, v in ATTRIBUTES.items()} if labelled else None
    values = _values()

    def run() -> int:
        record = histogram.record
        for value in values:
            record(value, attributes)
        return FLUSH_EVERY

    return run


def ddsketch() -> Run | None:
    """The reference implementation of DDSketch in Python, where it is installed."""
    try:
        from ddsketch import DDSketch
    except ImportError:
        return None
    sketch, values = DDSketch(0.0055), _values()

    def run() -> int:
        add = sketch.add
        for value in values:
            add(value)
        return FLUSH_EVERY

    return run


def _results(question: str, timings: dict[str, Timing], note: str) -> list[Result]:
    ours = timings["homeostat"]
    found = [
        Result(question, ours.best_ns, "ns", 40.0, "lower", low=ours.best_ns, high=ours.high_ns, note=note)
    ]
    bars = {"prometheus_client": 10.0, "OpenTelemetry SDK": 60.0, "ddsketch": None}
    for peer, bar in bars.items():
        if peer in timings:
            ratio = timings[peer].best_ns / ours.best_ns
            peer_note = f"{peer} takes {timings[peer].best_ns:,.0f} ns"
            found.append(
                Result(f"{question}, times cheaper", ratio, "x", bar, "higher", peer, note=peer_note)
            )
    return found


def run(data: Path | None) -> list[Result]:
    """Measure without and with three attributes."""
    plain: dict[str, Run] = {
        "homeostat": homeostat({}),
        "prometheus_client": prometheus(False),
        "OpenTelemetry SDK": opentelemetry(False),
    }
    sketch = ddsketch()
    if sketch is not None:
        plain["ddsketch"] = sketch
    labelled = {
        "homeostat": homeostat(ATTRIBUTES),
        "prometheus_client": prometheus(True),
        "OpenTelemetry SDK": opentelemetry(True),
    }
    return [
        *_results(
            "record a value",
            side_by_side(plain, rounds=60),
            f"all in, flushed every {FLUSH_EVERY:,}",
        ),
        *_results(
            "record a value with 3 attributes",
            side_by_side(labelled, rounds=60),
            "through a resolved handle",
        ),
    ]
