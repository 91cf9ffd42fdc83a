"""What other caches take and do, measured by their own Python: prints JSON. Imports nothing of Homeostat.

.bench-venv/cache/bin/python benchmarks/peers/cache_peers.py [TRACE]
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

KEYS = [f"key:{i}" for i in range(1_000)]
ROUNDS = 40
LOOPS = 20
SIZES = (1_000, 5_000, 20_000, 50_000)
CALLERS = 100
CANCELLED = {"leader": 0, "follower": 50}


def best_ns(run: Callable[[], None]) -> float:
    """Return the CPU time of the fastest of many rounds over all keys, a key."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for _ in range(LOOPS):
            run()
        found.append((time.process_time_ns() - began) / LOOPS / len(KEYS))
    return min(found)


def sync_times() -> dict[str, dict[str, float]]:
    """Return ns of a hit and of setting a key that is there."""
    box: Any = import_module("cachebox").TTLCache(10_000, 3_600)
    tools: Any = import_module("cachetools").TTLCache(10_000, ttl=3_600)
    tlfu: Any = import_module("theine").Cache(10_000)
    hour = timedelta(hours=1)

    def set_items(cache: Any) -> Callable[[], None]:
        def run() -> None:
            for key in KEYS:
                cache[key] = key

        return run

    def set_theine() -> None:
        for key in KEYS:
            tlfu.set(key, key, hour)

    def get_from(get: Callable[[str], object]) -> Callable[[], None]:
        def run() -> None:
            for key in KEYS:
                get(key)

        return run

    sets = {"cachebox": set_items(box), "cachetools": set_items(tools), "theine": set_theine}
    found: dict[str, dict[str, float]] = {"set": {name: best_ns(run) for name, run in sets.items()}}
    gets = {"cachebox": get_from(box.get), "cachetools": get_from(tools.get), "theine": get_from(tlfu.get)}
    found["get"] = {name: best_ns(run) for name, run in gets.items()}
    return found


def decorators() -> dict[str, Callable[[Callable[..., Any]], Any]]:
    """Return what makes a cached coroutine function, of each library that has it."""
    cashews = import_module("cashews")
    cashews.cache.setup("mem://")
    return {
        "async-lru": import_module("async_lru").alru_cache(maxsize=10_000, ttl=3_600),
        "cashews": cashews.cache(ttl="1h", key="{name}"),
        "cashews (lock)": lambda f: cashews.cache.locked(key="{name}", ttl="1m")(
            cashews.cache(ttl="1h", key="{name}")(f)
        ),
        "aiocache": import_module("aiocache").cached(ttl=3_600),
    }


async def async_times() -> dict[str, float]:
    """Return us of a hit of a cached coroutine function."""
    found = {}
    for name, decorate in decorators().items():

        async def load(name: str) -> str:
            return name

        cached = decorate(load)
        await cached("warm")
        best = float("inf")
        for _ in range(ROUNDS):
            began = time.process_time_ns()
            for _ in range(1_000):
                await cached("warm")
            best = min(best, (time.process_time_ns() - began) / 1e6)
        found[name] = best
    return found


async def stampede(cached: Callable[[str], Awaitable[str]], cancelled: int, loads: list[int]) -> list[int]:
    """Return how many loads there were and how many of those who were not cancelled got the value."""
    loads.clear()
    callers = [asyncio.ensure_future(cached(f"hot{cancelled}")) for _ in range(CALLERS)]
    await asyncio.sleep(0.005)
    callers[cancelled].cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    served = sum(isinstance(r, str) for i, r in enumerate(results) if i != cancelled)
    return [len(loads), served]


async def stampedes() -> dict[str, dict[str, list[int]]]:
    """Return the same for each library and each caller that is cancelled."""
    found: dict[str, dict[str, list[int]]] = {}
    for library, decorate in decorators().items():
        loads: list[int] = []

        async def load(name: str, loads: list[int] = loads) -> str:
            loads.append(1)
            await asyncio.sleep(0.03)
            return name

        cached = decorate(load)
        found[library] = {who: await stampede(cached, n, loads) for who, n in CANCELLED.items()}
    return found


def hit_ratios(trace: Path) -> list[float]:
    """Return what theine hits after the first quarter of a trace, at each size."""
    theine = import_module("theine")
    with trace.open(encoding="utf-8") as lines:
        keys = [f"{i}" for line in lines for i in json.loads(line)["hash_ids"]]
    begin, found = len(keys) // 4, []
    for size in SIZES:
        cache: Any = theine.Cache(size)
        hits = 0
        for i, key in enumerate(keys):
            if cache.get(key)[1]:
                hits += i >= begin
            else:
                cache.set(key, key)
        found.append(hits / (len(keys) - begin))
        cache.close()
    return found


def main() -> None:
    """Print all of it."""
    found: dict[str, object] = dict(sync_times())
    found["async_hit_us"] = asyncio.run(async_times())
    found["stampede"] = asyncio.run(stampedes())
    if len(sys.argv) > 1:
        found["theine"] = hit_ratios(Path(sys.argv[1]))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
