"""How long does a page wait for a day of a hundred series?"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from benchmarks.result import Result
from benchmarks.store import SERIES, T0, fill
from homeostat.app.web.app import create_app
from homeostat.core.clock import DAY_NS
from homeostat.store.sqlite import SqliteStore
from homeostat.testing.clock import ManualClock
from homeostat.testing.small_node import SmallNode

DAY_S = 86_400
LOOPBACK = "http://127.0.0.1"
REPEATS = 9


def spread_ms(work: Callable[[], object]) -> tuple[float, float, float]:
    """Return median, smallest and largest milliseconds of CPU of all threads, after one cold run."""
    work()
    found = []
    for _ in range(REPEATS):
        begun = time.process_time()
        work()
        found.append((time.process_time() - begun) * 1e3)
    return statistics.median(found), min(found), max(found)


def run(data: Path | None) -> list[Result]:
    """Measure whole requests, answered in this process; nothing that an earlier one found is used again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day.db"
        store = SqliteStore(path)
        fill(store, DAY_S, every_s=60, values=60)
        store.close()
        clock = ManualClock(T0 + DAY_NS)
        node = SmallNode(clock=clock, store=str(path))
        with TestClient(create_app(node), base_url=LOOPBACK) as client:

            def get(path: str) -> Callable[[], object]:
                def request() -> object:
                    clock.advance(10)
                    answer = client.get(path)
                    assert answer.status_code == 200, answer.text
                    return answer

                return request

            rows = spread_ms(get(f"/api/overview?range=24h&limit={SERIES}"))
            page = spread_ms(get("/?range=24h"))
        node.close()
    return [
        Result(
            f"24 h of {SERIES} series for the page: read, judged, with lines and trends, as JSON",
            rows[0], "ms", 100, "lower", low=rows[1], high=rows[2], note="a point a minute in the store",
        ),
        Result(
            "the whole overview page over the same",
            page[0], "ms", None, "lower", low=page[1], high=page[2], note="25 rows and the plots",
        ),
    ]  # fmt: skip
