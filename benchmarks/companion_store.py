"""What do people in a folder cost: to write, to search, to open, to keep in memory; and with which cipher?

`python -m benchmarks.companion_store FOLDER` opens all people of a folder and prints the bytes that takes.
"""

import random
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import psutil

from benchmarks.companion_texts import irc, locomo, messages
from benchmarks.result import Result
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder

COUNT = 10_000
IMPORTED = 100_000
PEOPLE = 12
ACTIVE = 1_000
DIMENSIONS = 384
MASTER = MasterKey(bytes(32))
CIPHERS = ("aegis", "chacha20", "sqlcipher", "ascon128")
CPU = "CPU of the process"
_WORD = re.compile(r"\w+")


def run(data: Path | None) -> list[Result]:
    """Measure on the texts of a folder; nothing where there is none."""
    if data is None:
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        people = SqlitePeople(private_folder(folder / "store"), MASTER)
        results = [_imported(people, data), *_one_person(people, data), *_opened(people, folder)]
        people.close()
        results += [*_in_memory(folder / "many", data), *_ciphers(folder)]
    return results


def _imported(people: SqlitePeople, data: Path) -> Result:
    new = messages(data, IMPORTED)
    took = []
    for name in ("import 1", "import 2", "import 3"):
        with people.open(name, create=True) as memory:
            began = time.process_time()
            memory.messages.add(new)
            took.append(time.process_time() - began)
        people.forget(name)
    rate = sorted(IMPORTED / seconds for seconds in took)
    return Result(
        "100,000 messages in one transaction",
        rate[-1],
        "messages/s",
        20_000,
        "higher",
        low=rate[0],
        high=rate[-1],
        note=f"{CPU}; stored, encrypted, indexed",
    )


def _one_person(people: SqlitePeople, data: Path) -> list[Result]:
    new = messages(data, COUNT + 2_000)
    asked = _questions(data)
    rows = np.random.default_rng(0).integers(-127, 128, (COUNT, DIMENSIONS)).astype(np.int8)
    with people.open("ann", create=True) as memory:
        memory.messages.add(new[:COUNT])
        one_more = _each(memory, ((lambda m, n=n: m.messages.add([n])) for n in new[COUNT:]))
        memory.vectors.put("turn", "model", range(1, COUNT + 1), rows)
        found = _each(memory, ((lambda m, q=q: m.lexical.match(q, 100)) for q in asked))
        loaded = _each(memory, [lambda m: m.vectors.load("turn", "model")] * 40)
        row = _each(
            memory,
            (
                (lambda m, n=n: m.vectors.put("turn", "model", [COUNT + n], rows[n : n + 1]))
                for n in range(1, 1_000)
            ),
        )
        pauses = _each(memory, [lambda m: m.pauses.longest(100)] * 40)
        edited = _each(memory, ((lambda m, n=n: m.messages.edit(n.id, "other words", 1)) for n in new[-100:]))
    peer = "mem0 with a model on every write: 0.9 to 60 s a message (published)"
    return [
        _figure("one more message, p50", one_more, 0.5, None, f"{CPU}; peer: {peer}"),
        _figure("one more message, p95", one_more, 0.95, None, CPU),
        _figure("words of a turn among 10,000 messages, p95", found, 0.95, 2.0, f"{CPU}; FTS5, BM25"),
        _figure("10,000 x 384 vectors loaded", loaded, 0.5, 5.0, CPU),
        _figure("one more vector", row, 0.5, None, CPU),
        _figure("the 100 longest of 10,000 pauses", pauses, 0.5, 8.0, f"{CPU}; window functions"),
        _figure("a message edited, gone from every file, p50", edited, 0.5, None, CPU),
    ]


def _opened(people: SqlitePeople, folder: Path) -> list[Result]:
    def opened(_: Memory | None = None) -> None:
        with people.open("ann") as memory:
            memory.extent()

    warm = _each(None, [opened] * 300)
    people.handles_max = 0
    opened()
    cold = _each(None, [opened] * 100)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return [
        _figure("a person opened who is open", warm, 0.5, None, CPU),
        _figure("a person opened who is not, p50", cold, 0.5, None, f"{CPU}; decrypted, schema read"),
        Result("12,000 messages and 11,000 vectors on the disk", size / 1e6, "MB", None, "lower"),
    ]


def _in_memory(folder: Path, data: Path) -> list[Result]:
    people = SqlitePeople(private_folder(folder), MASTER)
    new = messages(data, COUNT)
    for n in range(PEOPLE):
        with people.open(f"person {n}", create=True) as memory:
            memory.messages.add(new)
    people.close()
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.companion_store", str(folder), str(data)],
        capture_output=True,
        text=True,
        check=True,
    )
    each_mb = float(child.stdout) / PEOPLE / 1e6
    note = f"growth of RSS over {PEOPLE} people of 10,000 messages, each searched 100 times"
    return [
        Result("memory of an active person's store", each_mb, "MB", 5.0, "lower", note=note),
        Result(
            "memory of 1,000 of them", each_mb * ACTIVE / 1e3, "GB", 2.0, "lower", note="1,000 times that"
        ),
    ]


def growth_bytes(folder: Path, data: Path) -> int:
    """Return by how much this process grows when it opens and searches all people of a folder."""
    people = SqlitePeople(folder, MASTER)
    asked = _questions(data)[:100]
    with people.open("person 0") as memory:
        memory.lexical.match(["warm"], 5)
    process = psutil.Process()
    begin = process.memory_info().rss
    for name in people.names("", PEOPLE):
        with people.open(name) as memory:
            for question in asked:
                memory.reading.by_seq(memory.lexical.match(question, 10)[0].tolist())
    return int(process.memory_info().rss - begin)


def _ciphers(folder: Path) -> list[Result]:
    """Measure the ciphers that authenticate each page: the same writes and one read of 4 MB."""
    import apsw

    block = secrets.token_bytes(98_304)
    results = []
    for cipher in CIPHERS:
        connection = apsw.Connection(str(folder / f"{cipher}.db"))
        connection.pragma("cipher", cipher)
        key = secrets.token_hex(32)
        connection.pragma("key", f"x'{key}'" if cipher == "sqlcipher" else f"raw:{key}")
        connection.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -256;"
            "CREATE TABLE kept (n INTEGER PRIMARY KEY, body BLOB)"
        ).fetchall()
        with connection:
            connection.executemany("INSERT INTO kept VALUES (?, ?)", [(n, block) for n in range(40)])
        took = []
        for _ in range(40):
            began = time.process_time()
            connection.execute("SELECT sum(length(body) + instr(body, 'x')) FROM kept").fetchall()
            took.append(time.process_time() - began)
        connection.close()
        results.append(Result(f"4 MB read, cipher {cipher}", min(took) * 1e3, "ms", None, "lower", note=CPU))
    return results


def _questions(data: Path) -> list[list[str]]:
    rng = random.Random(1)
    turns = [text for *_, text in locomo(data)]
    lines = [text for *_, text in irc(data)][: COUNT - len(turns)]
    return [_WORD.findall(text) for text in rng.sample(turns, 200) + rng.sample(lines, 200)]


def _each(memory: Memory | None, calls: Iterable[Callable[..., object]]) -> list[float]:
    took = []
    for call in calls:
        began = time.process_time()
        call(memory)
        took.append(time.process_time() - began)
    return took


def _figure(question: str, took_s: list[float], share: float, bar_ms: float | None, note: str) -> Result:
    took_ms = sorted(seconds * 1e3 for seconds in took_s)
    value = statistics.quantiles(took_ms, n=100, method="inclusive")[round(share * 100) - 1]
    return Result(question, value, "ms", bar_ms, "lower", low=took_ms[0], high=took_ms[-1], note=note)


if __name__ == "__main__":
    print(growth_bytes(Path(sys.argv[1]), Path(sys.argv[2])))
