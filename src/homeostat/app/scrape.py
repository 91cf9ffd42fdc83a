"""The scraper: reads Prometheus endpoints once an interval."""

import threading
from collections.abc import Callable, Sequence
from time import perf_counter_ns
from urllib.parse import urlsplit

from homeostat.core.batch import Batch
from homeostat.core.clock import Clock
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.observe.ingest.limits import Limits
from homeostat.observe.ingest.prometheus_in import PrometheusReader
from homeostat.observe.registry import Registry

INTERVAL_S = 15.0
TIMEOUT_S = 5.0
BODY_MAX_BYTES = 16 * 2**20


class Scraper:
    """Reads each target in turn, in a thread of its own; a target that does not answer is counted and shown.

    The service of a target is its host, the instance its host and port. Raises ConfigError for an address
    that is none.
    """

    def __init__(
        self,
        targets: Sequence[str],
        offer: Callable[[Batch], bool],
        registry: Registry,
        losses: Losses,
        clock: Clock,
    ) -> None:
        for target in targets:
            address = urlsplit(target)
            if address.scheme not in ("http", "https") or not address.hostname:
                raise ConfigError(
                    f"--scrape takes an address such as 'http://127.0.0.1:9100/metrics', not {target!r}"
                )
        self._targets = tuple(targets)
        self._offer = offer
        self._registry = registry
        self._losses = losses
        self._clock = clock
        self._reader = PrometheusReader(losses, Limits(), clock.now_ns())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="homeostat-scrape", daemon=True)

    def start(self) -> None:
        """Begin, at once and then once an interval."""
        self._thread.start()

    def close(self) -> None:
        """End; a request that is under way is not waited for longer than a second."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        while True:
            self.scrape()
            if self._stop.wait(INTERVAL_S):
                return

    def scrape(self) -> None:
        """Read every target once."""
        for target in self._targets:
            with guarded(self._losses, "scrape"):
                self._read(target)

    def _read(self, target: str) -> None:
        import httpx2

        address = urlsplit(target)
        instance = address.netloc.rpartition("@")[2]
        began_ns = perf_counter_ns()
        try:
            with httpx2.stream("GET", target, timeout=TIMEOUT_S, follow_redirects=False) as response:
                response.raise_for_status()
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > BODY_MAX_BYTES:
                        raise InputError(f"{instance} answers more than {BODY_MAX_BYTES} bytes")
                media_type = response.headers.get("content-type", "")
            points = self._reader.points(
                body.decode("utf-8", "replace"),
                media_type,
                address.hostname or instance,
                instance,
                self._clock.now_ns(),
            )
        except (httpx2.HTTPError, InputError):
            self._losses.add("scrape.failed")
            self._note("homeostat.scrape.up", Kind.GAUGE, "ratio", instance, 0.0)
            return
        self._note("homeostat.scrape.up", Kind.GAUGE, "ratio", instance, 1.0)
        self._note(
            "homeostat.scrape.duration", Kind.HISTOGRAM, "ms", instance, (perf_counter_ns() - began_ns) / 1e6
        )
        if not self._offer(Batch(points=points)):
            self._losses.add("scrape.queue_full", len(points))

    def _note(self, metric: str, kind: Kind, unit: str, instance: str, value: float) -> None:
        attributes: dict[str, object] = {"instance": instance, "service": "homeostat"}
        self._registry.recorder(metric, kind, unit, attributes).buffer.append(value)
