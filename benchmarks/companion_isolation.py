"""Does any of 100,000 forged requests reach another person, in either form of the companion's store?"""

import tempfile
import time
from pathlib import Path

from benchmarks.result import Result
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.opening import people_at
from homeostat.companion.store.people import People
from homeostat.testing import servers
from homeostat.testing.forged_requests import Forger, harm, people_of
from homeostat.testing.people_database import people_database

FORGED = 100_000
WRITES = 0.02
ANCHOR = "graphiti #632 handed one user's graph to others; mem0 #3928 removed other users' memories"


def run(data: Path | None) -> list[Result]:
    """Return how many requests succeed, over each store, and what harm they did."""
    del data
    with tempfile.TemporaryDirectory() as folder:
        embedded = people_at(Path(folder), MasterKey.made())
        results = _attacked("embedded", embedded)
        embedded.close()
    try:
        with servers.postgres({"fsync": "off"}) as server, people_database(server.url) as database:
            people = people_at(database.application, MasterKey.made())
            results += _attacked("PostgreSQL", people)
            people.close()
    except servers.NotInstalled:
        pass
    return results


def _attacked(store: str, people: People) -> list[Result]:
    people_of(people)
    begin_s = time.perf_counter()
    reached = Forger(people, seed=7).forge(FORGED, WRITES)
    took_ms = (time.perf_counter() - begin_s) * 1e3
    note = f"{FORGED} requests, {WRITES:.0%} of them writing, {took_ms / FORGED:.2f} ms each; {ANCHOR}"
    harmed = len(harm(people))
    reaching = f"forged requests that reach another person, {store}"
    changed = f"parts of another's memory that forged requests changed, {store}"
    return [
        Result(reaching, reached, "requests", 0, "lower", note=note),
        Result(changed, harmed, "parts", 0, "lower"),
    ]
