"""Three workers killed (kill -9) amid 1,500 jobs: is one lost, and how soon is their work done by others?"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from benchmarks.result import Result
from homeostat.testing import servers
from homeostat.testing.jobs_under_fire import LEASE_S, Casualties, set_on_fire

COUNT = 1_500
ANCHOR = "anchor: Celery's defaults lose 5 or hold back 21"


@contextmanager
def _embedded(folder: Path) -> Iterator[tuple[str, str]]:
    yield str(folder / "jobs.db"), ""


@contextmanager
def _redis(folder: Path) -> Iterator[tuple[str, str]]:
    with servers.redis() as server:
        yield server.url, ""


@contextmanager
def _rabbitmq(folder: Path) -> Iterator[tuple[str, str]]:
    with servers.redis() as records, servers.rabbitmq() as broker:
        yield broker.url, records.url


@contextmanager
def _postgresql(folder: Path) -> Iterator[tuple[str, str]]:
    with servers.postgres() as server:
        yield server.url, ""


ENGINES: tuple[tuple[str, Callable[[Path], AbstractContextManager[tuple[str, str]]]], ...] = (
    ("embedded", _embedded),
    ("Celery on Redis", _redis),
    ("Celery on RabbitMQ", _rabbitmq),
    ("pgqueuer", _postgresql),
)


def run(data: Path | None) -> list[Result]:
    """Set every engine on fire whose server is installed."""
    results: list[Result] = []
    for name, engine in ENGINES:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            try:
                address, records = stack.enter_context(engine(Path(folder)))
            except servers.NotInstalled:
                continue
            left = set_on_fire(Path(folder), address, records, COUNT)
        results += _results(name, left)
    return results


def _results(name: str, left: Casualties) -> list[Result]:
    note = f"{left.interrupted} interrupted, {left.duplicates} ended twice; {ANCHOR}"
    took = f"lease {LEASE_S:g} s; interrupted ones after at most {left.recovery_s:.1f} s"
    return [
        Result(f"{name}: jobs lost of {COUNT}, 3 kills", left.lost, "jobs", 0, "lower", note=note),
        Result(
            f"{name}: all done after the last kill",
            max(left.rest_s, left.recovery_s),
            "s",
            15,
            "lower",
            note=took,
        ),
    ]
