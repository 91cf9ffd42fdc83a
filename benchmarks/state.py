"""How soon, how exactly and how surely do processes share documents? By an oracle, with kills, both forms."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import numpy as np

from benchmarks.bus import hops
from benchmarks.result import Result
from homeostat.testing import servers
from homeostat.testing.servers import Server
from homeostat.testing.state_sharer import Change, Look, Measured, Refused, Seen
from homeostat.testing.state_under_fire import Sharers, accuracy, set_on_fire

PROCESSES = 3
DOCUMENTS = 20
A_SECOND = 4.0
LINES = 600
"""What each says before a scene ends: some 12 s."""

REPEATS = 3
AWAY_LOOKS = 100


@contextmanager
def in_a_file() -> Iterator[tuple[Path, str]]:
    """Yield a folder of its own, and no Redis."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder), ""


@contextmanager
def in_redis() -> Iterator[tuple[Path, str]]:
    """Yield the address of a Redis of its own. Raises NotInstalled."""
    with servers.redis() as server:
        yield Path(), server.url


def run(data: Path | None) -> list[Result]:
    """Measure both forms, Redis where it is installed."""
    results = _form("in a file", in_a_file)
    with suppress(servers.NotInstalled):
        results += _form("in Redis", in_redis)
        with servers.redis(durable=True) as server:
            results += _away(server)
    return results


def _form(form: str, place: Callable[[], AbstractContextManager[tuple[Path, str]]]) -> list[Result]:
    """Measure copies at a steady rate, and then what becomes of changes where all change the same and die."""
    steady, fires = [], []
    for _ in range(REPEATS):
        with place() as (folder, redis_url):
            steady.append(_steady(folder, redis_url))
        with place() as (folder, redis_url):
            fires.append(set_on_fire(folder, redis_url))
    p99, p50, exact, uptime = (sorted(one[i] for one in steady) for i in range(4))
    middle = REPEATS // 2
    conflicts = sum(one.conflicts for one in fires)
    hop_ms = float(np.quantile(asyncio.run(hops()), 0.99)) * 1e3
    note = (
        f"{PROCESSES} processes, each changes one of {DOCUMENTS} documents {A_SECOND:g} times a second; "
        f"median of {REPEATS} runs; two bare hops to a thread: p99 {hop_ms:.1f} ms"
    )
    return [
        Result(
            f"{form}: p99 from a change to the copy of another process",
            p99[middle],
            "ms",
            20.0,
            "lower",
            low=p99[0],
            high=p99[-1],
            note=f"{note}; p50 {p50[middle]:.1f} ms",
        ),
        Result(
            f"{form}: documents in copies that had every acknowledged change",
            exact[middle],
            "",
            0.995,
            "higher",
            low=exact[0],
            high=exact[-1],
            note=note,
        ),
        Result(f"{form}: uptime", uptime[0], "", 0.999, "higher", note="the least of all processes"),
        Result(
            f"{form}: acknowledged changes that are not there",
            sum(one.wrong for one in fires),
            "changes",
            0,
            "lower",
            note=f"{sum(one.changes for one in fires)} of four documents, 9 processes killed",
        ),
        Result(
            f"{form}: conflicts that were not resolved",
            sum(one.unresolved for one in fires),
            "conflicts",
            0,
            "lower",
            note=f"of {conflicts} found by those who lived",
        ),
        Result(
            f"{form}: p99 from finding a conflict to its resolution",
            float(np.median([one.resolving_ms_p99 for one in fires])),
            "ms",
            100.0,
            "lower",
            note="the slowest of three processes that change as often as they can",
        ),
        Result(
            f"{form}: changes a second",
            float(np.median([one.a_second for one in fires])),
            "1/s",
            None,
            "higher",
            note=f"{PROCESSES} processes on four documents, each told of",
        ),
        Result(
            f"{form}: longest time without a change after a kill",
            max(one.silence_s for one in fires) * 1e3,
            "ms",
            None,
            "lower",
            note=f"by the others; one started in its place changed within "
            f"{max(one.recovery_s for one in fires):.1f} s, the start of Python included",
        ),
    ]


def _steady(folder: Path, redis_url: str) -> tuple[float, float, float, float]:
    """Return p99 and p50 of synchronising in ms, the accuracy, and the least uptime."""
    with Sharers(folder, redis_url, DOCUMENTS, A_SECOND) as sharers:
        for _ in range(PROCESSES):
            sharers.start()
        sharers.until_said(LINES)
        sharers.end()
    took = [one.sync_ms for one in sharers.said(Seen)]
    p50, p99 = (float(one) for one in np.quantile(took, (0.5, 0.99)))
    exact = accuracy(sharers.said(Look), sharers.said(Change))
    return p99, p50, exact, min(one.uptime for one in sharers.said(Measured))


def _away(server: Server) -> list[Result]:
    """Kill what keeps the documents, and start it again once each process has looked a hundred times."""
    with Sharers(Path(), server.url, DOCUMENTS, A_SECOND) as sharers:
        names = [sharers.start() for _ in range(PROCESSES)]
        sharers.until_said(LINES // 4)
        server.kill()
        away_ns = time.time_ns()
        sharers.until_said(LINES // 4 + AWAY_LOOKS)
        server.start()
        back_ns = time.time_ns()
        sharers.until_said(LINES)
        sharers.end()
        wrong = sharers.wrong()
    looks = [one for one in sharers.said(Look) if away_ns < one.at_ns < back_ns]
    unread = [one for one in sharers.said(Refused) if one.what == "look"]
    first_ns = [
        min(one.kept_ns for one in sharers.said(Change) if one.by == name and one.kept_ns > back_ns)
        for name in names
    ]
    fallbacks = np.mean([one.fallbacks for one in sharers.said(Measured)])
    return [
        Result(
            "Redis killed: reads answered while it is away",
            len(looks) / (len(looks) + len(unread)),
            "",
            1.0,
            "higher",
            note=f"{len(looks)}, from the last copy, in {(back_ns - away_ns) / 1e9:.1f} s; "
            f"{fallbacks:.1%} of what was read by the fallback",
        ),
        Result(
            "Redis killed: until every process has changed a document again",
            (max(first_ns) - back_ns) / 1e9,
            "s",
            None,
            "lower",
            note=f"from its first answer; each tries {A_SECOND:g} times a second; "
            f"{wrong} acknowledged changes are not there",
        ),
    ]
