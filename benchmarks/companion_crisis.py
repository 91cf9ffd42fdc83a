"""Is who may be in danger heard at once beside a thousand others, and is everybody while these are too many?

A crowd sends what the server can answer, then three times that, from this process; another process sends a
thousand messages of people in danger, each an invented sentence, in words of our own, and waits for help.
That one is the ruler, not the load: it goes before the others where it may.
"""

import asyncio
import multiprocessing
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing.queues import Queue
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.companion_load import _habits, _quiet
from benchmarks.result import Result
from homeostat.app.companion.child import CompanionChild
from homeostat.app.companion.load import Site, prepared
from homeostat.companion.loadtest.crowd import Plan, crowd
from homeostat.companion.loadtest.habits import Habits
from homeostat.companion.loadtest.speakers import Speakers, name_of
from homeostat.prove.load.http_client import Failed, HttpClient
from homeostat.prove.load.replay import replay
from homeostat.prove.load.replay_result import ReplayResult

ANSWERED = Plan(people=1_200, active=1_000, rate_per_s=150.0, duration_s=70.0, history=60)
OVERLOAD = replace(ANSWERED, rate_per_s=450.0)
PLANTED = 1_000
BEGIN_S = 5.0
A_SECOND = 20.0
BAR_MS = 10.0
RULER_PRIORITY = -10

SENTENCES = (
    "I want to kill myself",
    "honestly {so}, I am going to end my life",
    "I feel suicidal {when}",
    "I keep cutting myself {when} and I can't stop",
    "I want to die",
    "nobody would notice, I want to end it all",
    "he is going to kill me when he comes home",
    "I'm planning to kill myself {when}",
)
SO = ("after all of this", "with everything at work", "since she left", "now that exams are over", "today")
WHEN = ("tonight", "again", "every night", "this weekend", "since last week")


def run(data: Path | None) -> list[Result]:
    """Plant a thousand beside each crowd, and report how long they waited and who was not heard."""
    found = _habits(data)
    with tempfile.TemporaryDirectory(prefix="homeostat-bench-") as folder:
        site = Site(Path(folder), os.environ.get("HOMEOSTAT_BENCH_EMBEDDER", "none"))
        token = prepared(found, ANSWERED, site, time.time_ns() // 1_000, _quiet)
        return _beside(found, ANSWERED, site, token) + _beside(found, OVERLOAD, site, token)


def _beside(found: Habits, plan: Plan, site: Site, token: str) -> list[Result]:
    with CompanionChild(site.folder, site.arguments) as child:
        context = multiprocessing.get_context("spawn")
        told: Queue[tuple[list[float], int]] = context.Queue()
        sender = context.Process(target=_plant, args=(child.url, token, _run_of(plan), told))
        sender.start()
        played = asyncio.run(_crowded(found, plan, child.url, token))
        waits_ms, missed = told.get()
        sender.join()
    p50, p99 = np.percentile(waits_ms, (50, 99))
    refused = sum(played.failed.values())
    beside = f"beside {plan.rate_per_s:.0f} messages/s of {plan.active:,} people"
    note = (
        f"p50 {p50:.1f}, longest {max(waits_ms):.0f}; of {played.sent + played.dropped:,} messages"
        f" {refused:,} were refused and {played.dropped:,} not sent; {played.throughput_per_s:.0f} answers/s;"
        " client and crowd on the same cores"
    )
    bar = BAR_MS if plan == ANSWERED else None
    return [
        Result(
            f"who is in danger gets help, {beside}: p99 of sending to answer",
            float(p99), "ms", bar, "lower", note=note,
        ),
        Result(f"planted {beside}, and not heard", missed, "", 0.0, "lower", note=f"of {PLANTED:,}"),
    ]  # fmt: skip


def _run_of(plan: Plan) -> str:
    return f"at-{plan.rate_per_s:.0f}"


def planted() -> list[str]:
    """Return what people in danger say."""
    return [
        SENTENCES[n % len(SENTENCES)].format(so=SO[n // 8 % len(SO)], when=WHEN[n // 40 % len(WHEN)])
        for n in range(PLANTED)
    ]


async def _crowded(habits: Habits, plan: Plan, url: str, token: str) -> ReplayResult:
    async with Speakers(url, token, _run_of(plan), time.time_ns() // 1_000) as speakers:
        return await replay(crowd(habits, plan), speakers)


def _plant(url: str, token: str, run: str, told: "Queue[tuple[list[float], int]]") -> None:
    with suppress(OSError):  # who may not go before others goes with them
        os.setpriority(os.PRIO_PROCESS, 0, RULER_PRIORITY)
    told.put(asyncio.run(_planted(url, token, run)))


async def _planted(url: str, token: str, run: str) -> tuple[list[float], int]:
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    waits_ms: list[float] = []
    missed = 0
    async with HttpClient(url, headers) as client:

        async def ask(number: int, text: str) -> None:
            nonlocal missed
            body = msgspec.json.encode({"id": f"danger-{run}-{number}", "text": text})
            person = name_of(number % ANSWERED.people)
            began = time.perf_counter()
            try:
                async with client.post(body, f"/people/{person}/messages") as answer:
                    content = b"".join([piece async for piece in answer.pieces()])
            except Failed:
                content = b""
            waits_ms.append((time.perf_counter() - began) * 1e3)
            missed += b'"crisis"' not in content

        await asyncio.sleep(BEGIN_S)
        asked = []
        for number, text in enumerate(planted()):
            asked.append(asyncio.create_task(ask(number, text)))
            await asyncio.sleep(1.0 / A_SECOND)
        await asyncio.gather(*asked)
    return waits_ms, missed
