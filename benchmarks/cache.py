"""The cache: what a hit and a value set cost, what it hits at any size, and what a stampede costs.

Peers are measured in the same run where `.bench-venv/cache` holds what `benchmarks/peers/cache.txt` locks;
HOMEOSTAT_BENCH_CACHE names another Python. Times are CPU time, the fastest of many rounds.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.cache_policies import FIXED, hit_ratio
from benchmarks.peers.cache_peers import CALLERS, CANCELLED, KEYS, SIZES, best_ns, stampede
from benchmarks.result import Result
from homeostat.core.clock import SystemClock
from homeostat.runtime.cache.cache import Cache
from homeostat.testing.bare_host import BareHost

HERE = Path(__file__).parent
PEERS = HERE / "peers" / "cache_peers.py"
PYTHON = HERE.parent / ".bench-venv" / "cache" / "bin" / "python"
TRACE = Path("traces") / "mooncake_conversation.jsonl"
SEEDS = 3
ASYNC_CALLS = 1_000
ROUNDS = 40

Found = Mapping[str, Any]


def run(data: Path | None) -> list[Result]:
    """Measure all of it."""
    trace = data / TRACE if data is not None and (data / TRACE).exists() else None
    peers = _peers(trace)
    return [
        *_sync(peers),
        _async_hit(peers),
        *asyncio.run(_stampedes(peers)),
        *(_hit_ratios(trace, peers) if trace is not None else []),
    ]


def _peers(trace: Path | None) -> Found:
    python = os.environ.get("HOMEOSTAT_BENCH_CACHE") or str(PYTHON)
    if not Path(python).exists():
        return {}
    command = [python, str(PEERS), *([str(trace)] if trace is not None else [])]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if ended.returncode:
        print(f"the peers of the cache failed: {ended.stderr.strip()[-500:]}", file=sys.stderr)
        return {}
    found: Found = json.loads(ended.stdout)
    return found


def _cache(name: str, entries_max: int = 10_000) -> Cache[str]:
    return Cache(BareHost(SystemClock()), name, lifetime="profile", entries_max=entries_max)


def _told(figures: Mapping[str, float], unit: str) -> str:
    return ", ".join(
        f"{name} {value:,.3g}" for name, value in sorted(figures.items(), key=lambda x: x[1])
    ) + (f" {unit}" if figures else "peers are not installed: see the module")


def _sync(peers: Found) -> list[Result]:
    cache = _cache("sync").sync
    get, put = cache.get, cache.set

    @lru_cache(maxsize=10_000)
    def function(key: str) -> str:
        return key

    def gets() -> None:
        for key in KEYS:
            get(key)

    def sets() -> None:
        for key in KEYS:
            put(key, key)

    def calls() -> None:
        for key in KEYS:
            function(key)

    set_ns = best_ns(sets)
    get_ns = best_ns(gets)
    others_get = {**peers.get("get", {}), "functools": best_ns(calls)}
    others_set = peers.get("set", {})
    return [
        Result(
            "a hit in memory, sync, with expiry, policy and metrics", get_ns, "ns", 250, "lower",
            peer="cachetools" if "cachetools" in others_get else "",
            ratio=others_get["cachetools"] / get_ns if "cachetools" in others_get else None,
            note=_told(others_get, "ns"),
        ),
        Result(
            "set what is there, sync", set_ns, "ns", 600, "lower",
            peer="cachetools" if others_set else "",
            ratio=others_set["cachetools"] / set_ns if others_set else None,
            note=_told(others_set, "ns"),
        ),
        *_new_values(),
    ]  # fmt: skip


def _new_values() -> list[Result]:
    """Measure values that are not there yet: with room, and with one eviction each, shadows off and on."""
    found = []
    for question, entries_max, policy in (
        ("set what is new, with room", 50_000, "auto"),
        ("set what is new for what goes, policy fixed (10,000 entries)", 10_000, "s3fifo"),
        ("set what is new for what goes, shadows watching (10,000 entries)", 10_000, "auto"),
    ):
        best = float("inf")
        for round_ in range(3):
            put = Cache[str](
                BareHost(SystemClock()), "new", lifetime="profile", entries_max=entries_max, policy=policy
            ).sync.set
            keys = [f"{round_}:{i}" for i in range(40_000)]
            began = time.process_time_ns()
            for key in keys:
                put(key, key)
            best = min(best, (time.process_time_ns() - began) / len(keys))
        found.append(Result(question, best, "ns", None, "lower"))
    return found


def _async_hit(peers: Found) -> Result:
    cache = _cache("hit")

    @cache
    async def load(name: str) -> str:
        return name

    async def best() -> float:
        await load("warm")
        found = float("inf")
        for _ in range(ROUNDS):
            began = time.process_time_ns()
            for _ in range(ASYNC_CALLS):
                await load("warm")
            found = min(found, (time.process_time_ns() - began) / ASYNC_CALLS / 1_000)
        return found

    us = asyncio.run(best())
    others = peers.get("async_hit_us", {})
    return Result(
        "a hit of a cached coroutine function, with single flight", us, "us", 4.0, "lower",
        peer="cashews" if others else "", ratio=others["cashews"] / us if others else None,
        note=_told(others, "us"),
    )  # fmt: skip


async def _stampedes(peers: Found) -> list[Result]:
    found = []
    for who, number in CANCELLED.items():
        cache, loads = _cache("stampede"), list[int]()

        @cache
        async def load(name: str, loads: list[int] = loads) -> str:
            loads.append(1)
            await asyncio.sleep(0.03)
            return name

        n, served = await stampede(load, number, loads)
        others = {name: counts[who] for name, counts in peers.get("stampede", {}).items()}
        note = "; ".join(f"{name} {a} loads, {b} served" for name, (a, b) in others.items())
        question = f"stampede of {CALLERS} callers, {who} cancelled"
        found += [
            Result(f"{question}: loads", n, "loads", 1, "lower", note=note),
            Result(f"{question}: others served", served, "callers", CALLERS - 1, "higher"),
        ]
    return found


def _hit_ratios(trace: Path, peers: Found) -> list[Result]:
    """Compare what the cache hits with the best of all fixed policies, its own included, at each size."""
    with trace.open(encoding="utf-8") as lines:
        keys = [f"{i}" for line in lines for i in json.loads(line)["hash_ids"]]
    found = []
    for i, size in enumerate(SIZES):
        fixed = {name: hit_ratio(make(size).access, keys) for name, make in FIXED.items()}
        if "theine" in peers:
            fixed["theine"] = peers["theine"][i]
        best = max(fixed, key=lambda name: fixed[name])
        ours = [hit_ratio(_access(size), [f"{seed}:{key}" for key in keys]) for seed in range(SEEDS)]
        told = ", ".join(f"{n} {r:.3f}" for n, r in sorted(fixed.items(), key=lambda x: -x[1]))
        found.append(
            Result(
                f"hit ratio at {size:,} entries, of that of the best fixed policy ({best})",
                min(ours) / fixed[best], "x", 0.97, "higher",
                low=min(ours) / fixed[best], high=max(ours) / fixed[best],
                note=f"ours {min(ours):.3f}, the least of {SEEDS} samples; {told}; first quarter left out",
            )
        )  # fmt: skip
    return found


def _access(size: int) -> Callable[[str], bool]:
    cache = _cache("trace", size).sync
    get, put = cache.get, cache.set

    def access(key: str) -> bool:
        if get(key) is not None:
            return True
        put(key, key)
        return False

    return access
