"""Celery by itself on Redis, with its defaults: how many tasks a second it takes in and works off."""

import os
import subprocess
import sys
import time

import redis
from celery import Celery

ADDRESS = "JOBS_CELERY_BROKER"

app = Celery("jobs_celery", broker=os.environ.get(ADDRESS, "memory://"))
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)


@app.task(name="work")
def work(n: int) -> int:
    """Do next to nothing."""
    return n + 1


def celery_rates(url: str, count: int) -> tuple[float, float]:
    """Return tasks a second: sent with one producer, and worked off by a process for each core."""
    app.conf.update(broker_url=url)
    with app.producer_pool.acquire(block=True) as producer:
        work.apply_async((0,), producer=producer)
        began = time.perf_counter()
        for n in range(count):
            work.apply_async((n,), producer=producer)
        enqueued = count / (time.perf_counter() - began)
    command = [sys.executable, "-m", "celery", "-A", __name__, "worker", "--loglevel", "error"]
    options = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    environment = {**os.environ, ADDRESS: url}
    client = redis.Redis.from_url(url)
    process = subprocess.Popen(
        [*command, *options], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        drained = _drained(client, count)
    finally:
        process.terminate()
        process.wait(30)
        client.close()
    return enqueued, drained


def _drained(client: "redis.Redis", count: int) -> float:
    began = 0.0
    deadline = time.monotonic() + 120.0
    while left := int(client.llen("celery")) + int(client.hlen("unacked")):
        if not began and left < count:
            began, begun_with = time.perf_counter(), left
        if time.monotonic() > deadline:
            raise TimeoutError("Celery did not work off its tasks within 120 s")
        time.sleep(0.005)
    return begun_with / (time.perf_counter() - began)
