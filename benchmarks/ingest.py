"""How many spans of LLM calls does one CPU take in: parsed, normalised, measured, stored?"""

import tempfile
import time
from pathlib import Path

from benchmarks.otlp_load import SPANS, llm_request
from benchmarks.peers.intake import measure
from benchmarks.result import Result
from benchmarks.timing import Run, Timing, side_by_side
from homeostat.core.losses import Losses
from homeostat.observe.ingest.receiver import Receiver
from homeostat.store.sqlite.store import SqliteStore
from homeostat.testing.clock import ManualClock
from homeostat.testing.otlp_requests import otlp_json

NOW_NS = 1_750_000_000 * 10**9
BATCHES = 8
ROUNDS = 9
BAR = 30_000.0
PEER_BAR = 5.0
MEDIA = {"protobuf": "application/x-protobuf", "json": "application/json"}


class Bodies:
    """Bodies that the receiver has never seen: each use gives new ids."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._seed = 0

    def fresh(self) -> list[bytes]:
        """Return as many bodies as one round takes."""
        self._seed += BATCHES
        requests = [llm_request(NOW_NS, self._seed + i) for i in range(BATCHES)]
        if self._form == "json":
            return [otlp_json(r) for r in requests]
        return [bytes(r.SerializeToString()) for r in requests]


def _intake(form: str, store: SqliteStore | None) -> Run:
    """Take in a round of bodies that were made before; only the taking in is timed by CPU."""
    receiver = Receiver(ManualClock(NOW_NS), Losses())
    media_type = MEDIA[form]
    source = Bodies(form)
    rounds = [source.fresh() for _ in range(ROUNDS + 1)]

    def run() -> int:
        for body in rounds.pop():
            received = receiver.traces(body, media_type)
            if store is not None:
                store.write(received.batch)
        return BATCHES * SPANS

    return run


def _rate(timing: Timing) -> tuple[float, float, float]:
    """Spans a CPU-second: by the fastest round, and the spread."""
    return 1e9 / timing.best_ns, 1e9 / timing.high_ns, 1e9 / timing.best_ns


def run(data: Path | None) -> list[Result]:
    """Measure both forms without a store, protobuf with one, and the peers that are installed."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "ingest.db")
        timings = side_by_side(
            {
                "protobuf": _intake("protobuf", None),
                "json": _intake("json", None),
                "stored": _intake("protobuf", store),
            },
            rounds=ROUNDS,
            clock=time.process_time_ns,
        )
        store.close()
    questions = {
        "stored": ("LLM spans over protobuf, parsed, normalised, measured and stored", BAR),
        "protobuf": ("LLM spans over protobuf, parsed, normalised and measured", None),
        "json": ("LLM spans over JSON, parsed, normalised and measured", None),
    }
    results = []
    for name, (question, bar) in questions.items():
        value, low, high = _rate(timings[name])
        results.append(
            Result(
                question, value, "spans/CPU-s", bar, "higher", low=low, high=high, note="15 attributes a span"
            )
        )
    stored = results[0].value
    results += [
        Result(
            f"spans taken in by a CPU, beside {peer}",
            stored / spans_a_cpu_s,
            "times",
            PEER_BAR,
            "higher",
            peer=peer,
            ratio=stored / spans_a_cpu_s,
            note=f"{peer} takes in {spans_a_cpu_s:,.0f} spans/CPU-s, its HTTP server included",
        )
        for peer, spans_a_cpu_s in measure().items()
    ]
    return results
