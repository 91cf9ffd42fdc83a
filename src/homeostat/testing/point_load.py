"""The load of points: a client that sends point after point to several nodes and counts each yes."""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence

from homeostat.core.query import Store, TotalQuery
from homeostat.testing.otlp_requests import gauge_request
from homeostat.testing.running_node import RunningNode

METRIC = "load.value"
HEADERS = {"content-type": "application/x-protobuf"}


class PointLoad:
    """Sends points in turn to each node, one request at a time; `acknowledged` is how often it heard yes."""

    def __init__(self, nodes: Sequence[RunningNode], number: int) -> None:
        self.nodes = nodes
        self.number = number
        self.acknowledged = 0
        self.failed = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        sent = 0
        while not self._stop.is_set():
            node = self.nodes[(sent + self.number) % len(self.nodes)]
            sent += 1
            body = gauge_request(METRIC, float(sent), time.time_ns(), sender=str(self.number))
            address = f"{node.address}/v1/metrics"
            request = urllib.request.Request(address, body, HEADERS, method="POST")  # noqa: S310 - loopback
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                    if answer.status == 200:
                        self.acknowledged += 1
            except (urllib.error.URLError, OSError):
                self.failed += 1
                time.sleep(0.02)

    def stop(self) -> None:
        """End, once the request under way is answered."""
        self._stop.set()
        self._thread.join(30)


def kept(store: Store) -> dict[int, int]:
    """Return how many points of each sender a store holds."""
    found = store.read(TotalQuery(0, 2**62, metric=METRIC))
    return {int(key.get("sender")): total.moments.count for key, total in found.items()}
