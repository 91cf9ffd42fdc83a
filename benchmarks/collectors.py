"""What do all collectors together cost at an interval of 1 s: processor time and memory?

Each repetition is a process of its own that runs the collectors for some real seconds, their timer
thread and hooks included, and reads its own processor time. The busy process holds what a server
holds: threads, connections, and a heap of Python objects, because several collectors cost more there.
There is no peer: agents that run outside the process see less of it.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.result import Result

SECONDS = 10
REPETITIONS = 3

CPU_BAR = 0.005
MEMORY_BAR_MIB = 30.0

PROGRAM = """
import json, resource, socket, sys, threading, time
from pathlib import Path
from homeostat.core.clock import SystemClock
from homeostat.core.losses import Losses
from homeostat.observe.registry import Registry

seconds, busy = int(sys.argv[1]), sys.argv[2] == "busy"
if busy:
    heap = [{"id": i, "text": str(i)} for i in range(300_000)]
    server = socket.create_server(("127.0.0.1", 0), backlog=256)
    clients = [socket.create_connection(server.getsockname()) for _ in range(100)]
    sleep = threading.Event()
    for _ in range(50):
        threading.Thread(target=sleep.wait, daemon=True).start()

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

losses = Losses()
registry = Registry(losses)
registry.fold(0, 1)
before = resident()
began = time.process_time()
from homeostat.observe.catalogue import load_catalogue
from homeostat.observe.collectors.machine import machine_collectors
from homeostat.observe.collectors.runner import Collectors
made = machine_collectors(losses, Path("/"))
runner = Collectors(made.all, registry, losses, load_catalogue(), SystemClock(), {"service": "bench"})
started = time.process_time() - began
runner.start()
time.sleep(2.5)
cpu, wall = time.process_time(), time.perf_counter()
time.sleep(seconds)
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
memory = resident() - before
points = registry.fold(0, 1)
assert not losses.totals(), losses.totals()
rounds = [p for p in points if p.series.metric == "homeostat.collector.duration"]
costs = {p.series.get("collector"): p.moments.mean for p in rounds}
print(json.dumps({"share": cpu / wall, "start_ms": started * 1e3, "memory": memory, "costs": costs}))
"""


def _measured(kind: str) -> dict[str, object]:
    """Run one process and return what it found."""
    command = [sys.executable, "-c", PROGRAM, str(SECONDS), kind]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def _share(kind: str, found: list[dict[str, object]]) -> Result:
    shares = sorted(float(str(f["share"])) for f in found)
    costs = found[0]["costs"]
    assert isinstance(costs, dict)
    dearest = sorted(costs.items(), key=lambda item: -item[1])[:3]
    return Result(
        question=f"all collectors each second, in {kind} process",
        value=statistics.median(shares) * 100,
        unit="% of one core",
        bar=CPU_BAR * 100,
        better="lower",
        low=shares[0] * 100,
        high=shares[-1] * 100,
        note="dearest: " + ", ".join(f"{name} {ms:.2f} ms a round" for name, ms in dearest),
    )


def run(data: Path | None) -> list[Result]:
    """Measure an idle and a busy process."""
    if not Path("/proc/self/statm").exists():
        return []
    idle = [_measured("idle") for _ in range(REPETITIONS)]
    busy = [_measured("busy") for _ in range(REPETITIONS)]
    memory = sorted(float(str(f["memory"])) / 2**20 for f in idle)
    return [
        _share("an idle", idle),
        _share("a busy", busy),
        Result(
            question="memory that the collectors add",
            value=statistics.median(memory),
            unit="MiB",
            bar=MEMORY_BAR_MIB,
            better="lower",
            low=memory[0],
            high=memory[-1],
            note="resident, beside numpy and the registry, psutil included",
        ),
        Result(
            question="making all collectors, imports included",
            value=statistics.median(float(str(f["start_ms"])) for f in idle),
            unit="ms CPU",
            bar=None,
            better="lower",
        ),
    ]
