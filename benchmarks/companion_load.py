"""Does the companion answer 1,000 active people of 5,000 in time, and in how much memory?

Ten minutes of talk in an open loop, without an embedder as by default and with MiniLM where it is built, with
histories of 100 messages a person, laid down first (once, where HOMEOSTAT_BENCH_PEOPLE names a folder that is
kept). Crowd and server share the machine. Then people with 10,000 messages each, one after the other, in a
server of its own: what one more of them costs.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import psutil

from benchmarks.result import Result
from homeostat.app.companion.child import CompanionChild
from homeostat.app.companion.load import Site, load_test, prepared
from homeostat.companion.loadtest.crowd import Plan
from homeostat.companion.loadtest.habits import Habits, habits
from homeostat.companion.loadtest.result import LoadResult
from homeostat.companion.loadtest.speakers import name_of
from homeostat.core.errors import HomeostatError
from homeostat.loop.homeostat import Homeostat
from homeostat.prove.load.arrival_file import ArrivalFile
from homeostat.runtime.embed.opening import embedder_at

PLAN = Plan(people=5_000, active=1_000, rate_per_s=150.0, duration_s=600.0, history=100)
LONG = Plan(people=60, active=60, rate_per_s=1.0, duration_s=1.0, history=10_000)
WARM = 20
PROCESS_MB = 2_048
SETTLE_S = 2.0


def run(data: Path | None) -> list[Result]:
    """Play the load, then measure memory."""
    found = _habits(data)
    embedders = ["none", *(["minilm"] if _built("minilm") else [])]
    results: list[Result] = []
    for embedder in embedders:
        with _folder(f"people-{embedder}") as folder:
            results += _load(load_test(found, PLAN, Site(folder, embedder), _quiet))
    with _folder("long") as folder:
        results.append(_memory(found, Site(folder, embedders[-1])))
    return results


def _habits(data: Path | None) -> Habits:
    if data is None:
        return habits()
    return habits(
        data / "locomo" / "locomo_first5.json", ArrivalFile(data / "traces" / "mooncake_conversation.jsonl")
    )


def _built(name: str) -> bool:
    hs = Homeostat("companion_load", collect=False)
    try:
        embedder_at(hs, name, os.environ)
    except HomeostatError:
        return False
    finally:
        hs.close()
    return True


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    kept = os.environ.get("HOMEOSTAT_BENCH_PEOPLE")
    if kept:
        yield Path(kept) / name
        return
    with tempfile.TemporaryDirectory(prefix="homeostat-bench-") as folder:
        yield Path(folder) / name


def _load(found: LoadResult) -> list[Result]:
    plan, played = found.plan, found.replay
    told = f"embedder {found.embedder}, {found.source}, crowd on the same cores"
    wrong = sum(played.failed.values()) + played.dropped + found.lost
    p95s = [minute.p95 for minute in found.minutes]
    assert found.usage is not None
    return [
        Result(
            f"message in, stored, top-10 back, {plan.active:,} active of {plan.people:,}: p50",
            played.latency_ms.p50, "ms", 8.0, "lower",
            note=f"{played.throughput_per_s:.0f} answers/s; {told}; mem0's published p50 is 880 ms",
        ),
        Result(
            "the same: p95", played.latency_ms.p95, "ms", 40.0, "lower", low=min(p95s), high=max(p95s),
            note="spread: the minutes' own p95",
        ),
        Result(
            f"errors, drops and losses of {played.sent:,} messages", wrong, "", 0.0, "lower",
            note=f"{found.checked:,} looked for afterwards; {plan.duration_s / 60:.0f} min",
        ),
        Result("people with a history on this machine", plan.people, "", 5_000.0, "higher"),
        Result("memory of the server at most", found.usage.rss_mb_max, "MB", PROCESS_MB, "lower"),
        Result(
            "cores that the server used", found.usage.cpu_s / played.elapsed_s, "", None, "lower",
            note="of 2; the crowd uses the rest",
        ),
    ]  # fmt: skip


def _memory(found: Habits, site: Site) -> Result:
    token = prepared(found, LONG, site, time.time_ns() // 1_000, _quiet)
    with ExitStack() as stack:
        child = stack.enter_context(CompanionChild(site.folder, site.arguments))
        process = psutil.Process(child.pid)
        for person in range(WARM):
            _search(child.url, token, person)
        time.sleep(SETTLE_S)
        before = process.memory_info().rss
        for person in range(WARM, LONG.people):
            _search(child.url, token, person)
        time.sleep(SETTLE_S)
        after = process.memory_info().rss
    return Result(
        "memory per active person with 10,000 messages",
        (after - before) / 2**20 / (LONG.people - WARM), "MB", 5.0, "lower",
        note=f"embedder {site.embedder}; growth of the process over {LONG.people - WARM} people; planned 140",
    )  # fmt: skip


def _search(url: str, token: str, person: int) -> None:
    for question in ("where+did+we+go+last+summer", "what+does+she+think+of+the+new+job"):
        asked = Request(  # our own server
            f"{url}/people/{name_of(person)}/search?q={question}",
            headers={"authorization": f"Bearer {token}"},
        )
        with urlopen(asked) as answer:
            answer.read()


def _quiet(what: str, done: int, total: int) -> None:
    """Tell nobody."""
