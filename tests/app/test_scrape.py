"""The scraper reads real endpoints, shows dead ones, and refuses addresses that are none."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client import Histogram as Peer
from prometheus_client.exposition import generate_latest

from homeostat.app.scrape import Scraper
from homeostat.core.batch import Batch
from homeostat.core.clock import SystemClock
from homeostat.core.errors import ConfigError
from homeostat.core.losses import Losses
from homeostat.observe.registry import Registry


class Target:
    """A Prometheus endpoint of the real client library, on loopback."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = generate_latest(registry)
                self.send_response(200)
                self.send_header("content-type", "text/plain; version=0.0.4")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/metrics"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


def scraper_of(*targets: str) -> tuple[Scraper, list[Batch], Registry, Losses]:
    batches: list[Batch] = []
    losses = Losses()
    registry = Registry(losses)

    def offer(batch: Batch) -> bool:
        batches.append(batch)
        return True

    return Scraper(targets, offer, registry, losses, SystemClock()), batches, registry, losses


def test_what_a_target_counts_between_two_scrapes_is_what_is_offered(target: Target) -> None:
    requests = Counter("requests", "Requests", registry=target.registry)
    latency = Peer("latency_seconds", "Latency", registry=target.registry)
    requests.inc(100)
    scraper, batches, registry, losses = scraper_of(target.url)
    scraper.scrape()
    requests.inc(7)
    latency.observe(0.2)
    scraper.scrape()
    points = {p.series.metric: p for p in batches[1].points}
    assert points["requests"].moments.total == 7
    assert points["latency"].series.unit == "ms"
    assert points["latency"].moments.mean == pytest.approx(200)
    assert losses.totals() == {}
    registry.fold(0, 10**9)
    assert registry.snapshot("homeostat.scrape.up", {}).last == 1


def test_a_dead_target_is_shown_and_does_not_keep_the_others_from_being_read(target: Target) -> None:
    scraper, batches, registry, losses = scraper_of("http://127.0.0.1:9/metrics", target.url)
    scraper.scrape()
    assert len(batches) == 1
    registry.fold(0, 10**9)
    assert registry.snapshot("homeostat.scrape.up", {"instance": "127.0.0.1:9"}).last == 0
    assert losses.totals() == {"scrape.failed": 1}


@pytest.mark.parametrize("address", ["127.0.0.1:9100", "ftp://x/metrics", "http://"])
def test_an_address_that_is_none_is_refused_by_its_text(address: str) -> None:
    with pytest.raises(ConfigError, match=address.replace("/", "/")):
        scraper_of(address)
