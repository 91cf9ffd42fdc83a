"""A bus under fire: publishers and subscribers are killed, and what became of each event is counted.

As a module it is one of those: `python -m homeostat.testing.bus_under_fire publish`, or `consume`.
"""

import asyncio
import os
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from homeostat.core.clock import SystemClock
from homeostat.runtime.bus import Bus
from homeostat.testing.bare_host import BareHost
from homeostat.testing.faults.victim import Victim

AT, LOG = "BUS_UNDER_FIRE_AT", "BUS_UNDER_FIRE_LOG"
LEASE_S = 1.0
KEYS = 20
PAUSE_S = 0.01
TIMEOUT_S = 120.0


class Step(msgspec.Struct, frozen=True):
    """An event; the numbers of one key grow by one."""

    key: str
    number: int


def application(environment: Mapping[str, str], consumes: bool) -> Bus:
    """Return the bus; its subscriber writes down what it has taken."""
    bus = Bus(BareHost(SystemClock()), environment[AT], name="fire", lease_s=LEASE_S)
    step = bus.kind(Step, "step", key=lambda e: e.key)
    if consumes:
        log = os.open(environment[LOG], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

        @bus.on(step, "marks")
        async def mark(event: Step) -> None:
            await asyncio.sleep(0.001)
            os.write(log, f"{event.key} {event.number} {os.getpid()} {time.time()}\n".encode())

    return bus


async def publish() -> None:
    """Publish for good, and say of each event when it was acknowledged."""
    async with application(os.environ, consumes=False) as bus:

        async def one(key: str) -> None:
            number = 0
            while True:
                await bus.publish(Step(key, number))
                sys.stdout.write(f"{key} {number}\n")
                sys.stdout.flush()
                number += 1
                await asyncio.sleep(PAUSE_S)

        await asyncio.gather(*(one(f"{os.getpid()}.{n}") for n in range(KEYS)))


async def consume() -> None:
    """Serve the subscriber for good."""
    async with application(os.environ, consumes=True) as bus:
        print("up", flush=True)  # noqa: T201 - read by who started it
        await bus.serve()


@dataclass(frozen=True, slots=True)
class Casualties:
    """What a fire left: events that were acknowledged and never taken, taken more than once, or too early.

    `recovery_s` is the longest time from the kill of the process that served until another one took events.
    """

    acknowledged: int
    lost: int
    twice: int
    out_of_order: int
    recovery_s: float


def set_on_fire(folder: Path, address: str, kills: int = 3, begun: int = 1_000) -> Casualties:
    """Kill the publisher, and then the process that serves, again and again as by `kill -9`."""
    log = folder / "log"
    environment = {AT: address, LOG: str(log), "PYTHONUNBUFFERED": "1"}
    said: list[str] = []
    killed: list[tuple[int, float]] = []
    asyncio.run(_joined(environment))
    with ExitStack() as stack:

        def start(part: str) -> Victim:
            return stack.enter_context(Victim(["-m", __name__, part], environment))

        consumers = [start("consume") for _ in range(2)]
        for consumer in consumers:
            consumer.wait_for_lines(1)
        for _ in range(kills):
            publisher = start("publish")
            publisher.wait_for_lines(begun)
            said += publisher.kill()
            serving = _last_pid(log)
            for consumer in [one for one in consumers if one.pid == serving]:
                consumer.kill()
                killed.append((serving, time.time()))
                consumers.remove(consumer)
                consumers.append(start("consume"))
        _until_all_taken(log, said)
    return _counted(log, said, killed)


async def _joined(environment: Mapping[str, str]) -> None:
    async with application({**environment, LOG: os.devnull}, consumes=True) as bus:
        await bus.backend()


def _rows(log: Path) -> list[list[str]]:
    text = log.read_text() if log.exists() else ""
    return [line.split() for line in text.splitlines()]


def _last_pid(log: Path) -> int:
    deadline_s = time.monotonic() + TIMEOUT_S
    while not (rows := _rows(log)):
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"nothing was taken within {TIMEOUT_S:g} s")
        time.sleep(0.01)
    return int(rows[-1][2])


def _until_all_taken(log: Path, said: Sequence[str]) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while set(said) - {f"{key} {number}" for key, number, *_ in _rows(log)} and time.monotonic() < deadline_s:
        time.sleep(0.1)


def _counted(log: Path, said: Sequence[str], killed: Sequence[tuple[int, float]]) -> Casualties:
    rows = _rows(log)
    times: dict[str, int] = defaultdict(int)
    reached: dict[str, int] = defaultdict(lambda: -1)
    early = 0
    for key, number, *_ in rows:
        times[f"{key} {number}"] += 1
        early += int(number) > reached[key] + 1
        reached[key] = max(reached[key], int(number))
    waits = [
        min((float(at) for *_, pid, at in rows if int(pid) != victim and float(at) > when), default=when)
        - when
        for victim, when in killed
    ]
    return Casualties(
        acknowledged=len(said),
        lost=sum(not times[line] for line in said),
        twice=sum(count > 1 for count in times.values()),
        out_of_order=early,
        recovery_s=max(waits, default=0.0),
    )


if __name__ == "__main__":
    asyncio.run({"publish": publish, "consume": consume}[sys.argv[1]]())
