"""What does a pool cost beside the bare library behind it, and how soon is it back after an outage?"""

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from statistics import quantiles
from typing import Any

from psycopg import OperationalError
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import Redis

from benchmarks.result import Result
from homeostat import Homeostat
from homeostat.runtime.pools.postgres_pool import PostgresPool
from homeostat.runtime.pools.redis_pool import RedisPool
from homeostat.runtime.pools.slots import Slots
from homeostat.runtime.pools.thread_pool import ThreadPool
from homeostat.runtime.pools.unreachable import Unreachable
from homeostat.testing import servers

ROUNDS = 40
CALLS = 200
AT_ONCE = 10
SIZE = 10
AWAY_S = 8.0

One = Callable[[], Awaitable[object]]


async def timed(runs: dict[str, One]) -> dict[str, list[float]]:
    """Return the microseconds of wall time a call in each round, sorted; rounds take turns."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for round_ in range(ROUNDS + 1):
        for name, one in runs.items():
            gc.collect(0)
            began = time.perf_counter()
            for _ in range(CALLS // AT_ONCE):
                await asyncio.gather(*(one() for _ in range(AT_ONCE)))
            if round_:
                found[name].append((time.perf_counter() - began) * 1e6 / CALLS)
    return {name: sorted(values) for name, values in found.items()}


def compared(question: str, found: dict[str, list[float]], peer: str, note: str) -> Result:
    """Return our fastest round beside the peer's."""
    ours, theirs = found["ours"], found[peer]
    low, _, high = quantiles(ours, n=4)
    return Result(
        question, ours[0], "us", None, "lower", peer, theirs[0] / ours[0], low, high,
        f"{peer} {theirs[0]:.0f}; {note}",
    )  # fmt: skip


async def slots(hs: Homeostat) -> Result:
    """Time a slot that is free, taken and given back."""
    pool = Slots(hs, "bare", "none", SIZE, SIZE, 100, 1.0)
    took = []
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for _ in range(5_000):
            slot = await pool.take()
            slot.ready()
            slot.free()
        took.append((time.process_time_ns() - began) / 5e6)
    took.sort()
    return Result(
        "pool: a free slot, taken and given back", took[0], "us", None, "lower",
        low=took[ROUNDS // 4], high=took[-ROUNDS // 4], note="processor time; gate, wait and gauges included",
    )  # fmt: skip


async def threads(hs: Homeostat) -> Result:
    """Time a function that does nothing, in a thread."""
    pool = ThreadPool(hs, "threads", SIZE)
    with ThreadPoolExecutor(SIZE) as bare:
        loop = asyncio.get_running_loop()
        found = await timed(
            {"ours": lambda: pool.run(abs, 1), "bare executor": lambda: loop.run_in_executor(bare, abs, 1)}
        )
    await pool.aclose()
    return compared("pool of threads: a call", found, "bare executor", "context variables included")


async def postgres(hs: Homeostat, url: str) -> Result:
    """Time a transaction of one small statement."""
    async with psycopg_pool(url) as bare:
        ours = PostgresPool(hs, "db", url, SIZE, wait_max_s=60.0)

        async def one(pool: Any) -> None:
            async with pool.connection() as connection:
                await connection.execute("SELECT 1")

        found = await timed({"ours": lambda: one(ours), "psycopg_pool": lambda: one(bare)})
        await ours.aclose()
    return compared("pool of PostgreSQL: a transaction", found, "psycopg_pool", "SELECT 1, 10 at once")


async def redis(hs: Homeostat, url: str) -> Result:
    """Time a small command."""
    ours, bare = RedisPool(hs, "kv", url, SIZE, wait_max_s=60.0), Redis.from_url(url, max_connections=SIZE)
    found = await timed({"ours": lambda: ours.client.get("a"), "redis-py": lambda: bare.get("a")})
    await ours.aclose()
    await bare.aclose()
    return compared("pool of Redis: a command", found, "redis-py", "GET, 10 at once")


@asynccontextmanager
async def psycopg_pool(url: str) -> AsyncIterator[AsyncConnectionPool[Any]]:
    """psycopg's own pool, of the same size."""
    async with AsyncConnectionPool(url, min_size=1, max_size=SIZE, open=False, timeout=5.0) as pool:
        yield pool


async def outage(hs: Homeostat) -> list[Result]:
    """Kill the server, ask all the while, start it again: how long until both pools give answers."""
    with servers.postgres({"fsync": "off"}) as server:
        async with psycopg_pool(server.url) as bare:
            ours = PostgresPool(hs, "outage", server.url, SIZE)
            said: dict[str, float] = {}
            back: dict[str, float] = {}
            up = asyncio.Event()

            async def ask(name: str, pool: Any) -> None:
                while True:
                    began = time.perf_counter()
                    try:
                        async with pool.connection() as connection:
                            await connection.execute("SELECT 1")
                    except (Unreachable, OperationalError):
                        said[name] = max(said.get(name, 0.0), time.perf_counter() - began)
                        await asyncio.sleep(0.05)
                        continue
                    if up.is_set():
                        back[name] = time.perf_counter()
                        return
                    await asyncio.sleep(0.05)

            asking = [asyncio.create_task(ask("ours", ours)), asyncio.create_task(ask("psycopg_pool", bare))]
            await asyncio.sleep(0.3)
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(AWAY_S)
            await asyncio.to_thread(server.start)
            began = time.perf_counter()
            up.set()
            await asyncio.gather(*asking)
            await ours.aclose()
    found = []
    for question, took in (
        (f"pool of PostgreSQL: back after {AWAY_S:.0f} s away", {n: at - began for n, at in back.items()}),
        ("pool of PostgreSQL: longest until a caller hears that the server is away", said),
    ):
        found.append(
            Result(
                question,
                1e3 * took["ours"],
                "ms",
                None,
                "lower",
                "psycopg_pool",
                took["psycopg_pool"] / took["ours"],
                note=f"psycopg_pool {1e3 * took['psycopg_pool']:,.0f}, with a time-out of 5 s",
            )
        )
    return found


def run(data: Path | None) -> list[Result]:
    """Time each pool beside what it stands before; the servers' parts only where they are installed."""
    found: list[Result] = []
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # it tells of each attempt
    with Homeostat(keep=False, collect=False) as hs, ExitStack() as stack:
        found += [asyncio.run(slots(hs)), asyncio.run(threads(hs))]
        with suppress(servers.NotInstalled):
            found.append(asyncio.run(redis(hs, stack.enter_context(servers.redis()).url)))
        with suppress(servers.NotInstalled):
            server = stack.enter_context(servers.postgres({"fsync": "off"}))
            found += [asyncio.run(postgres(hs, server.url)), *asyncio.run(outage(hs))]
    return found
