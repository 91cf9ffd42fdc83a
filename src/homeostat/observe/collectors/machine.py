"""The machine's collectors: all that watch this process and the machine under it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.core.query import StoreSize
from homeostat.observe.collectors.collector import Collector
from homeostat.observe.collectors.cpu import CpuCollector
from homeostat.observe.collectors.event_loop import EventLoopCollector
from homeostat.observe.collectors.garbage import GarbageCollector
from homeostat.observe.collectors.gpu import GpuCollector
from homeostat.observe.collectors.memory import MemoryCollector
from homeostat.observe.collectors.network import NetworkCollector
from homeostat.observe.collectors.perf import PerfCollector
from homeostat.observe.collectors.storage import StorageCollector
from homeostat.observe.collectors.store import StoreCollector
from homeostat.observe.collectors.threads import ThreadCollector


@dataclass(frozen=True, slots=True)
class MachineCollectors:
    """The collectors in the order in which they are asked, and the one to which event loops are attached."""

    all: tuple[Collector, ...]
    event_loop: EventLoopCollector


def machine_collectors(
    losses: Losses, disk: Path, store_size: Callable[[], StoreSize] | None = None
) -> MachineCollectors:
    """Make every collector that can be made here; one that cannot is counted as lost and left out.

    `disk` is a path on the file system that is watched; `store_size` asks Homeostat's own store.
    """
    event_loop = EventLoopCollector()
    makers: tuple[tuple[str, Callable[[], Collector]], ...] = (
        ("perf", PerfCollector),  # first: it counts the threads that are there, and all that these start
        ("cpu", CpuCollector),
        ("memory", MemoryCollector),
        ("garbage", GarbageCollector),
        ("storage", lambda: StorageCollector(disk)),
        ("network", NetworkCollector),
        ("gpu", GpuCollector),
        ("threads", ThreadCollector),
    )
    made: list[Collector] = [event_loop]
    for name, make in makers:
        with guarded(losses, f"collector.{name}"):
            made.append(make())
    if store_size is not None:
        made.append(StoreCollector(store_size))
    return MachineCollectors(tuple(made), event_loop)
