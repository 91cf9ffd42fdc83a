"""What does the palace cost: a message learned, a question of space, a person in memory?

Points of spatial queries lie in 64 clouds, as memories in rooms do. Peers (cKDTree, rtree) answer the same
questions by the Python of `.bench-venv/companion`, where that is installed.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

import numpy as np
from numpy.typing import NDArray

from benchmarks.companion_texts import messages
from benchmarks.result import Result
from homeostat.companion.message import Message
from homeostat.companion.palace.building import Building, Shape
from homeostat.companion.palace.compressed import CompressedRows
from homeostat.companion.palace.grid import Grid
from homeostat.companion.palace.learning import learn
from homeostat.companion.palace.palace import Palace
from homeostat.companion.palace.vocabulary import SKETCH_DIMENSIONS, SKETCH_MODEL
from homeostat.companion.residents import Residents
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.testing.bare_host import BareHost

MESSAGES = 10_000
BLOCK = 250
QUERIES = 400
K = 10
RADIUS = 0.35
PEERS = Path(__file__).parent / "peers" / "companion_space.py"
PYTHON = Path(__file__).parents[1] / ".bench-venv" / "companion" / "bin" / "python"


def run(data: Path | None) -> list[Result]:
    """Report space, then learning, then the tiers."""
    results = [*_space(10_000, 0.05), *_space(100_000, 0.2)]
    if data is not None:
        results += [*_learning(data), *_through_the_store(data)]
    return [*results, *_long_term()]


def _space(count: int, bar_ms: float) -> list[Result]:
    rng = np.random.default_rng(0)
    rooms = rng.normal(0, 8, (64, 3))
    points = (rooms[rng.integers(0, 64, count)] + rng.normal(0, 0.7, (count, 3))).astype(np.float32)
    queries = points[rng.integers(0, count, QUERIES)] + rng.normal(0, 0.2, (QUERIES, 3)).astype(np.float32)
    radius = RADIUS * (10_000 / count) ** (1 / 3)
    grid = Grid(points)
    peers = _peers(points, queries, radius)
    asks: dict[str, Callable[[NDArray[np.float32]], NDArray[np.int64]]] = {
        "box": lambda query: grid.box(query - np.float32(radius), query + np.float32(radius)),
        "sphere": lambda query: grid.sphere(query, radius),
        f"nearest {K}": lambda query: grid.nearest(query, K),
    }
    results = []
    for name, ask in asks.items():
        took, found = [], 0
        for query in queries:
            began = time.perf_counter()
            found += len(ask(query))
            took.append((time.perf_counter() - began) * 1e3)
        middle, p95 = median(took), quantiles(took, n=20)[18]
        told = "".join(f", {peer} {ms:.3f} ms" for peer, ms in peers.get(name, {}).items())
        results.append(
            Result(
                f"{name} among {count:,} memories, median",
                middle,
                "ms",
                bar_ms,
                "lower",
                high=p95,
                low=min(took),
                note=f"spread: fastest, p95; {found / QUERIES:.1f} found{told or ', no peers installed'}",
            )
        )
    return results


def _peers(
    points: NDArray[np.float32], queries: NDArray[np.float32], radius: float
) -> dict[str, dict[str, float]]:
    if not PYTHON.exists():
        return {}
    asked = {"points": points.tolist(), "queries": queries.tolist(), "radius": radius, "k": K}
    done = subprocess.run(
        [PYTHON, PEERS], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    found: dict[str, dict[str, float]] = json.loads(done.stdout)
    return found


def _learning(data: Path) -> list[Result]:
    """Learn 10,000 messages: the CPU time of each block of 250, the fastest and the median one."""
    said = [
        Message(id=one.id, text=one.text, at_us=one.at_us, talk=one.talk, author=one.author, seq=seq)
        for seq, one in enumerate(messages(data, MESSAGES), 1)
    ]
    building = Building(SKETCH_MODEL, SKETCH_DIMENSIONS, 256)
    took = []
    for begin in range(0, MESSAGES, BLOCK):
        began = time.process_time_ns()
        for message in said[begin : begin + BLOCK]:
            learn(building, message, None, Shape())
        took.append((time.process_time_ns() - began) / BLOCK / 1e3)
    low, middle, high = quantiles(took, n=4)
    return [
        Result("a message learned, median of blocks", middle, "us", 100.0, "lower", low=low, high=high,
               note=f"CPU, fastest block {min(took):.0f}; rooms and layout tended, no store"),
        Result("a palace of 10,000 messages in memory", building.size_bytes / 1e6, "MB", None, "lower",
               note=f"{len(building.rooms)} rooms, {building.loci.used} loci"),
    ]  # fmt: skip


def _through_the_store(data: Path) -> list[Result]:
    """Catch up with 10,000 messages in an encrypted file, and read a palace from its notes."""
    with tempfile.TemporaryDirectory(prefix="homeostat-bench-") as folder:
        people = SqlitePeople(private_folder(Path(folder) / "people"), MasterKey(bytes(32)))
        with people.open("ann", create=True) as memory:
            memory.messages.add(messages(data, MESSAGES))
            palace = Palace(BareHost(), Residents(1 << 28))
            steps = []
            done = False
            while not done:
                began = time.process_time()
                done = palace.catch_up(memory, 512)
                steps.append(time.process_time() - began)
            began = time.process_time()
            Palace(BareHost(), Residents(1 << 28)).rooms(memory)
            read = time.process_time() - began
            began = time.process_time()
            palace.rooms(memory)
            rooms = time.process_time() - began
        people.close()
    note = f"steps of 512, the longest {max(steps) * 1e3:.0f} ms; CPU"
    return [
        Result("catch up with 10,000 messages", sum(steps), "s", None, "lower", note=note),
        Result("read a palace of 10,000 from its notes and tell its rooms", read * 1e3, "ms", None, "lower"),
        Result("tell the rooms of a palace in memory", rooms * 1e3, "ms", None, "lower"),
    ]


def _long_term() -> list[Result]:
    """Compress vectors about 200 topics; how many of the best ten are still found, and how fast."""
    rng = np.random.default_rng(1)
    topics = rng.normal(size=(200, 384))
    rows = topics[rng.integers(0, 200, MESSAGES)] + 1.2 * rng.normal(size=(MESSAGES, 384))
    unit: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    held = CompressedRows.of(unit)
    kept, took = [], []
    for query in unit[:: MESSAGES // 200]:
        best = set(np.argsort(-(unit @ query))[:K].tolist())
        began = time.process_time_ns()
        places, _ = held.best(query, K)
        took.append((time.process_time_ns() - began) / 1e6)
        kept.append(len(best & set(places.tolist())) / K)
    return [
        Result("best ten found in long-term rows of 4 bits", 100 * float(np.mean(kept)), "%", None, "higher",
               note="made vectors, 10,000 about 200 topics, against float32"),
        Result("a look into 10,000 long-term rows", median(took), "ms", None, "lower", note="CPU"),
        Result("a long-term row", held.size_bytes / len(held), "bytes", None, "lower", "float32",
               4 * 384 * len(held) / held.size_bytes, note="int8 384"),
    ]  # fmt: skip
