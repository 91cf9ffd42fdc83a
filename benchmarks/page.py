"""How long does a page wait for a day of a hundred series, also while findings are looked for in it?"""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient

from benchmarks.result import Result
from benchmarks.store import SERIES, T0, fill
from homeostat.app.findings.process import SearchProcess
from homeostat.app.web.app import create_app
from homeostat.app.web.views import Views
from homeostat.core.clock import DAY_NS
from homeostat.judge.findings.search import findings
from homeostat.judge.findings.subject import LINE_MAX
from homeostat.store.sqlite.store import SqliteStore
from homeostat.testing.clock import ManualClock
from homeostat.testing.small_node import SmallNode

DAY_S = 86_400
LOOPBACK = "http://127.0.0.1"
REPEATS = 9
LOOKS = 40
"""Pages asked for, one after the other, while a search runs all the time."""


def spread_ms(work: Callable[[], object]) -> tuple[float, float, float]:
    """Return median, smallest and largest milliseconds of CPU of all threads, after one cold run."""
    work()
    found = []
    for _ in range(REPEATS):
        begun = time.process_time()
        work()
        found.append((time.process_time() - begun) * 1e3)
    return statistics.median(found), min(found), max(found)


@contextmanager
def without_end(work: Callable[[], object]) -> Iterator[None]:
    """Do some work again and again in a thread, from before the body to after it."""
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            work()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def waited_ms(request: Callable[[], object]) -> tuple[float, float]:
    """Return the median and the 95th percentile of the milliseconds that a page is waited for."""
    request()
    found = []
    for _ in range(LOOKS):
        begun = time.perf_counter()
        request()
        found.append((time.perf_counter() - begun) * 1e3)
    found.sort()
    return statistics.median(found), found[int(0.95 * LOOKS)]


def beside_a_search(views: Views, request: Callable[[], object]) -> list[Result]:
    """Measure the wait for the page alone, beside a search in its process, and beside one in another."""
    subjects = views.subjects(views.window("24h"))
    whole = views.subjects(views.window("24h"), LINE_MAX)
    process = SearchProcess()
    process.search(subjects)
    begun = time.perf_counter()
    process.search(subjects)
    search_s = time.perf_counter() - begun
    alone = waited_ms(request)
    with without_end(lambda: findings(whole)):
        here = waited_ms(request)
    with without_end(lambda: process.search(subjects)):
        there = waited_ms(request)
    process.close()
    note = f"p50 {there[0]:.0f} ms; alone {alone[0]:.0f}, p95 {alone[1]:.0f}; a search takes {search_s:.2f} s"
    peer = f"whole lines searched in the page's process: p50 {here[0]:.0f}, p95 {here[1]:.0f} ms"
    return [
        Result(
            f"the page while findings are looked for in 24 h of {SERIES} series, p95 of the wait",
            there[1], "ms", 300, "lower", peer, here[1] / there[1], note=note,
        )
    ]  # fmt: skip


def run(data: Path | None) -> list[Result]:
    """Measure whole requests, answered in this process; nothing that an earlier one found is used again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day.db"
        store = SqliteStore(path)
        fill(store, DAY_S, every_s=60, values=60)
        store.close()
        clock = ManualClock(T0 + DAY_NS)
        node = SmallNode(clock=clock, store=str(path))
        app = create_app(node)
        with TestClient(app, base_url=LOOPBACK) as client:

            def get(path: str) -> Callable[[], object]:
                def request() -> object:
                    clock.advance(10)
                    answer = client.get(path)
                    assert answer.status_code == 200, answer.text
                    return answer

                return request

            rows = spread_ms(get(f"/api/overview?range=24h&limit={SERIES}"))
            page = spread_ms(get("/?range=24h"))
            searched = beside_a_search(app.state.views, get("/?range=24h"))
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
        *searched,
    ]  # fmt: skip
