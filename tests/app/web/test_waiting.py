"""How operations wait under their load is on their page, in the API and in the report."""

import numpy as np
from starlette.testclient import TestClient

from homeostat.app.web.app import create_app
from homeostat.core.application import Application
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.series import SeriesKey
from homeostat.observe.export.messages import metrics_request
from homeostat.observe.fold import moments_of
from homeostat.observe.registry import Registry
from homeostat.observe.tracer import Tracer
from homeostat.stats.sketch import sketch
from homeostat.testing.clock import ManualClock
from homeostat.testing.small_node import SmallNode

OF_RANK: dict[str, object] = {"operation": "rank", "service": "web"}
DURATION = SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", OF_RANK)
IN_FLIGHT = SeriesKey.of("operation.time_in_flight", Kind.COUNTER, "ms", OF_RANK)
SERVICE_S = 0.02


def busy_node() -> SmallNode:
    """A node whose one stage works on one at a time, under a load that varies; some of it hangs."""
    node, rng = SmallNode(), np.random.default_rng(6)
    end_ns = node.clock.now_ns() // SECOND_NS * SECOND_NS
    points = []
    for i, used in enumerate(np.repeat(rng.permutation(np.linspace(0.1, 0.9, 30)), 20)):
        n = max(rng.poisson(used / SERVICE_S), 1)
        took_ms = rng.exponential(1e3 * SERVICE_S / (1 - used), n)
        start_ns = end_ns - (600 - i) * SECOND_NS
        points.append(Point(DURATION, start_ns, moments_of(took_ms), sketch(took_ms)))
        points.append(Point(IN_FLIGHT, start_ns, moments_of(np.array([took_ms.sum() + 12_000.0]))))
    node.store.write(Batch(points=tuple(points)))
    return node


def test_waiting_utilisation_and_what_hangs_are_told_in_the_same_words_everywhere() -> None:
    node = busy_node()
    with TestClient(create_app(node), base_url="http://127.0.0.1") as client:
        (found,) = client.get("/api/operations").json()["queueing"]
        assert found["waiting_low"] > 0.3
        assert found["severity"] == "severe"
        assert found["agrees"] is False
        assert found["words"] in client.get("/operations").text
        assert found["words"] in client.get("/operations/rank").text
        (told,) = client.get("/api/report?since=15m").json()["queueing"]
        assert told["severity"] == "severe"
    node.close()


def test_what_is_only_worked_with_is_no_essential_variable() -> None:
    node = busy_node()
    with TestClient(create_app(node), base_url="http://127.0.0.1") as client:
        rows = client.get("/api/overview").json()["rows"]
        assert {r["metric"] for r in rows} == {"operation.duration"}
    node.close()


def test_what_hangs_and_never_ended_is_on_the_page_although_nothing_was_measured_of_it() -> None:
    node = busy_node()
    stuck = {**OF_RANK, "operation": "stuck"}
    key = SeriesKey.of("operation.time_in_flight", Kind.COUNTER, "ms", {**stuck})
    end_ns = node.clock.now_ns() // SECOND_NS * SECOND_NS
    points = [Point(key, end_ns - i * SECOND_NS, moments_of(np.array([3_000.0]))) for i in range(1, 601)]
    node.store.write(Batch(points=tuple(points)))
    with TestClient(create_app(node), base_url="http://127.0.0.1") as client:
        words = "stuck: 3 are in progress by count, and none has ended."
        assert words in client.get("/operations").text
        assert words in [q["words"] for q in client.get("/api/operations").json()["queueing"]]
    node.close()


def test_what_another_process_counts_arrives_in_the_same_unit() -> None:
    node = SmallNode()
    registry, losses = Registry(Losses()), Losses()
    tracer = Tracer(registry, losses, node.clock, Application("web"))
    assert isinstance(node.clock, ManualClock)
    with tracer.operation("rank"):
        node.clock.advance(2)
        tracer.drain()
    points = registry.fold(node.clock.now_ns() - 2 * SECOND_NS, node.clock.now_ns())
    body = metrics_request(points, "web")
    taken = node.receiver.metrics(body, "application/x-protobuf").batch.points
    (found,) = (p for p in taken if p.series.metric == "operation.time_in_flight")
    assert (found.series.unit, found.moments.total) == ("ms", 2_000.0)
    node.close()
