"""Do 50 walks through palaces run at 60 frames a second at once, through the real WebSocket?

The companion's server runs in a process of its own; this one watches all walks, each over a connection of
its own, acknowledges, and takes the time at which each frame arrives.
"""

import asyncio
import gc
import json
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import quantiles

import httpx2
import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedOK

from benchmarks.companion_texts import messages
from benchmarks.result import Result
from homeostat.app.companion.child import CompanionChild
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.grant import Scope
from homeostat.companion.palace.walk import FRAMES_A_SECOND

PEOPLE = 13
WALKS_A_PERSON = 4
WALKS = 50
MEMORIES = 1_000
WATCHED_S = 20.0
ACKNOWLEDGED_EVERY = 5
SLOW_S = 0.1


class Number(msgspec.Struct):
    """What is read of a frame."""

    number: int = -1


def run(data: Path | None) -> list[Result]:
    """Report the gaps between frames, and what a slow reader costs."""
    if data is None:
        return []
    with tempfile.TemporaryDirectory(prefix="homeostat-bench-") as name:
        folder = Path(name)
        token = _prepared(folder, data)
        with CompanionChild(folder, ("--embedder", "none")) as child:
            return asyncio.run(_measured(child.url, token))


def _prepared(folder: Path, data: Path) -> str:
    node = CompanionNode(CompanionOptions(folder))
    try:
        said = messages(data, MEMORIES)
        for person in range(PEOPLE):
            with node.people.open(f"person {person}", create=True) as memory:
                memory.messages.add(said)
                while not node.palace.catch_up(memory, 500):
                    pass
        token, _ = node.access.issue(frozenset({Scope.READ}), label="walks", lasts_s=3_600)
        return token.text
    finally:
        node.close()


async def _measured(url: str, token: str) -> list[Result]:
    headers = {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        ids = [await _begun(client, number // WALKS_A_PERSON) for number in range(WALKS)]
        address = url.replace("http", "ws", 1)
        gc.collect()
        gc.disable()
        try:
            gaps, dropped = await _watched(address, ids)
        finally:
            gc.enable()
        slow_id = await _begun(client, 0)
        slow = await _slowly(f"{address}/walks/{slow_id}")
    cut = quantiles(gaps, n=1_000)
    note = f"median {cut[499]:.1f}, p99.9 {cut[998]:.1f} ms, as they arrive; {dropped:.2%} of frames left out"
    return [
        Result(f"gap between frames, p99, {WALKS} walks at once", cut[989], "ms", 20.0, "lower", note=note),
        Result(
            "how far a reader of ten frames a second sees behind what is, at most, after 5 s",
            slow,
            "ms",
            None,
            "lower",
            note="what it cannot read is left out and counted",
        ),
    ]


async def _begun(client: httpx2.AsyncClient, person: int) -> str:
    answer = await client.post(f"/people/person {person}/walks", json={"rooms": []})
    answer.raise_for_status()
    return str(answer.json()["id"])


async def _watched(address: str, ids: list[str]) -> tuple[list[float], float]:
    """Watch all walks; return the gaps in milliseconds, and the share of frames that did not come."""
    results = await asyncio.gather(
        *(_watch(f"{address}/walks/{id}", number / WALKS) for number, id in enumerate(ids))
    )
    gaps = [gap for found, _, _ in results for gap in found]
    came, due = sum(came for _, came, _ in results), sum(due for _, _, due in results)
    return gaps, 1 - came / due


async def _watch(address: str, later: float) -> tuple[list[float], int, int]:
    await asyncio.sleep(later / FRAMES_A_SECOND)
    gaps: list[float] = []
    first = number = -1
    decoder = msgspec.json.Decoder(Number)
    async with connect(address, compression=None) as socket:
        before = 0
        until = time.perf_counter_ns() + int(WATCHED_S * 1e9)
        async for text in socket:
            now = time.perf_counter_ns()
            frame = decoder.decode(text)
            if frame.number < 0 or now > until:
                break
            first = frame.number if first < 0 else first
            number = frame.number
            if before:
                gaps.append((now - before) / 1e6)
            before = now
            if len(gaps) % ACKNOWLEDGED_EVERY == 0:
                with suppress(ConnectionClosedOK):  # all was sent, and some of it is still to be read
                    await socket.send(f'{{"ack": {number}}}')
    return gaps, len(gaps) + 1, number - first + 1


async def _slowly(address: str) -> float:
    """Read ten frames a second for ten seconds; return how old what is read is at most, the last five."""
    most_s = 0.0
    async with connect(address, compression=None) as socket:
        began = time.perf_counter()
        while (gone := time.perf_counter() - began) < 10.0:
            number = json.loads(await socket.recv())["number"]
            await socket.send(f'{{"ack": {number}}}')
            if gone > 5.0:
                most_s = max(most_s, gone - number / FRAMES_A_SECOND)
            await asyncio.sleep(SLOW_S)
    return most_s * 1e3
