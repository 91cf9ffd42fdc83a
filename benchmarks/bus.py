"""How soon is an event with its subscriber, how many a second, is one lost to kill -9? Beside bare Redis."""

import asyncio
import contextlib
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import redis.asyncio

from benchmarks.result import Result
from homeostat.core.clock import SystemClock
from homeostat.runtime.bus import Bus
from homeostat.testing import servers
from homeostat.testing.bare_host import BareHost
from homeostat.testing.bus_under_fire import set_on_fire

COUNT = 4_000
A_SECOND = 400
BATCH = 100
THROUGHPUT_COUNT = 40_000
KEYS = 50
REPEATS = 3


class Ping(msgspec.Struct, frozen=True):
    """An event that says when it was handed in."""

    key: str
    at: float


def _bus(address: str, name: str) -> tuple[Bus, list[float]]:
    bus = Bus(BareHost(SystemClock()), address, name=name)
    ping = bus.kind(Ping, "ping", key=lambda e: e.key)
    took: list[float] = []
    bus.on(ping, "a")(lambda event: took.append(time.perf_counter() - event.at))
    return bus, took


async def _served(bus: Bus) -> "asyncio.Task[None]":
    await bus.backend()
    serving = asyncio.create_task(bus.serve())
    await asyncio.sleep(0.2)
    return serving


async def _ended(bus: Bus, serving: "asyncio.Task[None]") -> None:
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    await bus.close()


async def latencies(address: str, name: str) -> list[float]:
    """Return the seconds from publishing to the handler, of events that come one by one at a steady rate."""
    bus, took = _bus(address, name)
    serving = await _served(bus)
    begin = time.perf_counter()
    publishing = []
    for n in range(COUNT):
        await asyncio.sleep(max(0.0, begin + n / A_SECOND - time.perf_counter()))
        publishing.append(asyncio.create_task(bus.publish(Ping(f"k{n % KEYS}", time.perf_counter()))))
    await asyncio.gather(*publishing)
    while len(took) < COUNT:  # noqa: ASYNC110 - it is timed
        await asyncio.sleep(0.01)
    await _ended(bus, serving)
    return took


async def throughput(address: str, name: str) -> tuple[float, float]:
    """Return events a second, published and taken side by side, and microseconds that one telling takes."""
    bus, took = _bus(address, name)
    serving = await _served(bus)
    begin = time.perf_counter()
    for start in range(0, THROUGHPUT_COUNT, BATCH):
        await bus.publish(*(Ping(f"k{(start + n) % KEYS}", begin) for n in range(BATCH)))
    while len(took) < THROUGHPUT_COUNT:  # noqa: ASYNC110 - it is timed
        await asyncio.sleep(0.001)
    rate = THROUGHPUT_COUNT / (time.perf_counter() - begin)
    begin = time.perf_counter()
    for n in range(2_000):
        bus.tell(Ping(f"k{n % KEYS}", begin))
    tell_us = (time.perf_counter() - begin) / 2_000 * 1e6
    await _ended(bus, serving)
    return rate, tell_us


async def hops() -> list[float]:
    """Return the seconds that two bare hops to a thread take at the same rate: this machine's part."""
    loop = asyncio.get_running_loop()
    took: list[float] = []

    async def one() -> None:
        begin = time.perf_counter()
        await loop.run_in_executor(thread, int)
        await loop.run_in_executor(thread, int)
        took.append(time.perf_counter() - begin)

    with ThreadPoolExecutor(1) as thread:
        begin = time.perf_counter()
        hopping = []
        for n in range(COUNT):
            await asyncio.sleep(max(0.0, begin + n / A_SECOND - time.perf_counter()))
            hopping.append(asyncio.create_task(one()))
        await asyncio.gather(*hopping)
    return took


async def bare_latencies(url: str) -> list[float]:
    """Return the same of redis-py by hand: XADD, XREADGROUP, XACK, no order kept by key."""
    writer: Any = redis.asyncio.Redis.from_url(url)
    reader: Any = redis.asyncio.Redis.from_url(url)
    await writer.xgroup_create("bare", "g", mkstream=True)
    took: list[float] = []

    async def read() -> None:
        while True:
            found = await reader.xreadgroup("g", "c", {"bare": ">"}, count=500, block=1_000)
            for _, entries in found:
                took.extend(time.perf_counter() - float(fields[b"at"]) for _, fields in entries)
                await reader.xack("bare", "g", *(id for id, _ in entries))

    reading = asyncio.create_task(read())
    begin = time.perf_counter()
    adding: list[asyncio.Task[Any]] = []
    for n in range(COUNT):
        await asyncio.sleep(max(0.0, begin + n / A_SECOND - time.perf_counter()))
        adding.append(asyncio.create_task(writer.xadd("bare", {"at": str(time.perf_counter())})))
    await asyncio.gather(*adding)
    while len(took) < COUNT:  # noqa: ASYNC110 - it is timed
        await asyncio.sleep(0.01)
    reading.cancel()
    await writer.aclose()
    await reader.aclose()
    return took


def run(data: Path | None) -> list[Result]:
    """Measure both forms, Redis where it is installed."""
    with tempfile.TemporaryDirectory() as folder:
        results = _form("in a file", f"{folder}/NAME.db", 5.0, Path(folder), None)
    with (
        contextlib.suppress(servers.NotInstalled),
        tempfile.TemporaryDirectory() as folder,
        servers.redis() as one,
    ):
        bare = _p99(asyncio.run(bare_latencies(one.url)))
        results += _form("in Redis", one.url, 20.0, Path(folder), bare)
    return results


def _form(form: str, address: str, bar_ms: float, folder: Path, bare_ms: float | None) -> list[Result]:
    runs = []
    for n in range(REPEATS):
        took = asyncio.run(latencies(address.replace("NAME", f"l{n}"), f"l{n}"))
        runs.append((_p99(took), float(np.median(took)) * 1e3))
    p99, p50 = np.median([one[0] for one in runs]), np.median([one[1] for one in runs])
    rates = [asyncio.run(throughput(address.replace("NAME", f"t{n}"), f"t{n}")) for n in range(REPEATS)]
    left = set_on_fire(folder, address.replace("NAME", "fire"))
    machine_ms = _p99(asyncio.run(hops()))
    note = (
        f"{A_SECOND} a second one by one; p50 {p50:.2f} ms; median of {REPEATS} runs; plan 50 ms; "
        f"two bare hops to a thread: p99 {machine_ms:.1f} ms"
    )
    fire = (
        f"{left.acknowledged} acknowledged, 3 publishers and 3 subscribers killed, {left.twice} taken twice, "
        f"{left.out_of_order} out of order, longest gap {left.recovery_s:.1f} s (lease 1 s)"
    )
    return [
        Result(
            f"{form}: p99 from publishing to the handler",
            float(p99),
            "ms",
            bar_ms,
            "lower",
            peer="XADD, XREADGROUP, XACK by hand" if bare_ms is not None else "",
            ratio=None if bare_ms is None else bare_ms / float(p99),
            low=min(one[0] for one in runs),
            high=max(one[0] for one in runs),
            note=note,
        ),
        Result(
            f"{form}: published and taken a second",
            float(np.median([rate for rate, _ in rates])),
            "events/s",
            None,
            "higher",
            note=f"batches of {BATCH}, one process",
        ),
        Result(
            f"{form}: what telling costs its caller",
            float(min(tell for _, tell in rates)),
            "us",
            50,
            "lower",
            note="the receive path may take 50 us",
        ),
        Result(f"{form}: acknowledged events lost to kill -9", left.lost, "events", 0, "lower", note=fire),
    ]


def _p99(took: list[float]) -> float:
    return float(np.quantile(took, 0.99)) * 1e3
