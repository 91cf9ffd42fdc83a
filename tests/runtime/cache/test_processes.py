"""Single flight across real processes: one load, and another one where its process is killed."""

import os
import signal
import subprocess
import sys

import pytest
import redis

PROGRAM = """
import asyncio, os, sys
from redis import Redis
from homeostat.runtime.cache.cache import Cache
from homeostat.runtime.cache.tiers.redis_tier import RedisTier
from homeostat.core.clock import SystemClock
from homeostat.testing.bare_host import BareHost

url, seconds = sys.argv[1], float(sys.argv[2])
counts = Redis.from_url(url)
cache = Cache(BareHost(SystemClock()), "c", redis=RedisTier(url, timeout_s=60), lease_s=6.0)

async def load():
    counts.rpush("loads", os.getpid())
    await asyncio.sleep(seconds)
    return f"loaded"

async def main():
    counts.incr("ready")
    while int(counts.get("ready")) < 4:
        await asyncio.sleep(0.01)
    print(await cache.load("k", load), flush=True)
    await cache.close()

asyncio.run(main())
"""


def started(url: str, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, str(seconds)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.long
def test_of_several_processes_one_loads(redis_url: str) -> None:
    processes = [started(redis_url, 7.0) for _ in range(4)]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["loaded\n"] * 4
    with redis.Redis.from_url(redis_url, socket_timeout=60) as counts:
        assert counts.llen("loads") == 1


@pytest.mark.long
def test_where_the_process_that_loads_is_killed_another_one_loads(redis_url: str) -> None:
    processes = [started(redis_url, 7.0) for _ in range(4)]
    with redis.Redis.from_url(redis_url, socket_timeout=60) as counts:
        found = counts.blpop(["loads"], 60)
        assert found is not None
        leader = int(found[1])
        os.kill(leader, signal.SIGKILL)
        told = [process.communicate(timeout=60)[0] for process in processes]
        assert sorted(told) == ["", "loaded\n", "loaded\n", "loaded\n"]
        assert counts.llen("loads") == 1, "one more"
