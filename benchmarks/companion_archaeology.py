"""Archaeology: n-grams, gaps, patterns, what is missing; how fast, and how right.

Times are the CPU time of the fastest of several rounds, on one thread (set OMP_NUM_THREADS=1: BLAS threads
that wait count as busy). Texts are LoCoMo's turns (23 words), repeated to 10,000. What is missing is told by
`companion_missing_turns`: the weights were learned from LoCoMo's first two talks, the figures are of the
others.
"""

import json
import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.companion_missing_turns import Draw, Talk, irc, locomo, rebuilt, told
from benchmarks.companion_missing_turns_fit import accuracy, calibration_error, likeliest_error
from benchmarks.result import Result
from homeostat.companion.archaeology.archaeology import Archaeology
from homeostat.companion.archaeology.reconstruction.ranking import Method, probabilities, scores
from homeostat.companion.archaeology.reconstruction.traits import NAMES
from homeostat.companion.message import NewMessage
from homeostat.companion.ngrams.fingerprint import Fingerprint
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.core.errors import NotAvailable
from homeostat.runtime.embed.minilm import MiniLm
from homeostat.runtime.embed.rows import to_rows
from homeostat.testing.bare_host import BareHost

MESSAGES = 10_000
LEARNED_FROM = 2
IRC_LOGS = 4
PEERS = Path(__file__).parent / "peers" / "companion_ngrams.py"
PYTHON = Path(__file__).parents[1] / ".bench-venv" / "companion" / "bin" / "python"
MINUTE_US = 60_000_000


def best_ms(run: Callable[[], object], rounds: int = 7) -> float:
    """Return the CPU time of the fastest round."""
    found = []
    for _ in range(rounds):
        began = time.process_time_ns()
        run()
        found.append((time.process_time_ns() - began) / 1e6)
    return min(found)


def counter_ms(texts: list[str]) -> float:
    """Return what the standard library's Counter takes."""

    def run() -> None:
        counted: Counter[object] = Counter()
        for text in texts:
            words = text.lower().split()
            counted.update(words)
            counted.update(pairwise(words))
            counted.update(zip(words, words[1:], words[2:], strict=False))

    return best_ms(run, rounds=3)


def ngrams(texts: list[str]) -> list[Result]:
    """Count n-grams of 1 to 3 words in all messages, then of one more at a time."""
    ours = Fingerprint()

    def all_at_once() -> None:
        Fingerprint().extend(texts, range(1, len(texts) + 1))

    def one_by_one() -> None:
        for seq, text in enumerate(texts, 1):
            ours.add(text, seq)
        ours.tally(1)

    whole = best_ms(all_at_once)
    peers = {"Counter": counter_ms(texts)}
    if PYTHON.exists():
        done = subprocess.run(
            [PYTHON, PEERS], input=json.dumps(texts), capture_output=True, text=True, check=True
        )
        peers |= json.loads(done.stdout)
    note = ", ".join(f"{name} {ms:.0f} ms" for name, ms in peers.items())
    slowest = max(peers, key=lambda name: peers[name])
    return [
        Result(
            "n-grams of 10,000 messages",
            whole,
            "ms",
            60.0,
            "lower",
            slowest,
            peers[slowest] / whole,
            note=note,
        ),
        Result(
            "n-grams of one more message",
            best_ms(one_by_one, rounds=3) / len(texts) * 1e3,
            "us",
            20.0,
            "lower",
            note="with its share of the fold that 256 messages have in common",
        ),
        Result(
            "fingerprint of 10,000 messages in the notes", len(ours.to_bytes()) / 1e3, "kB", None, "lower"
        ),
    ]


def history(memory: Memory, texts: list[str], vectors: np.ndarray | None, model: str) -> None:
    """Keep 10,000 messages in talks of 20, some hours apart."""
    rng = np.random.default_rng(1)
    steps = np.where(
        np.arange(len(texts)) % 20, rng.lognormal(17.5, 1.0, len(texts)), rng.lognormal(24.5, 0.7, len(texts))
    )
    at = 1_600_000_000_000_000 + np.cumsum(steps).astype(np.int64)
    seqs = memory.messages.add(
        [
            NewMessage(id=str(i), text=text, at_us=int(at[i]), talk=f"talk {i // 20}", own=i % 2 == 0)
            for i, text in enumerate(texts)
        ]
    )
    if vectors is not None:
        memory.vectors.put("turn", model, seqs, to_rows(vectors))


def speed(texts: list[str], vectors: np.ndarray | None, model: str | None) -> list[Result]:
    """Time gaps, patterns and reconstruction over 10,000 messages in an encrypted file."""
    with tempfile.TemporaryDirectory() as folder:
        people = SqlitePeople(Path(folder), MasterKey.made())
        part = Archaeology(BareHost(), model)
        with people.open("ann", create=True) as memory:
            history(memory, texts, vectors, model or "")
            began = time.process_time_ns()
            while not part.catch_up(memory, 1_000):
                pass
            learning = (time.process_time_ns() - began) / 1e6
            places = iter(range(101, 10_000, 97))
            rebuilt = [
                best_ms(lambda: part.reconstruct(memory, (p := next(places)), p + 1), 1) for _ in range(60)
            ]
            return [
                Result("gaps in 10,000 messages", best_ms(lambda: part.gaps(memory)), "ms", 8.0, "lower"),
                Result(
                    "patterns in 10,000 messages",
                    best_ms(lambda: part.patterns(memory)),
                    "ms",
                    100.0,
                    "lower",
                    note=f"from what was learned as the messages came, in {learning:.0f} ms in all",
                ),
                Result(
                    f"reconstruction without a model, {'by meaning' if model else 'by words'}, p95",
                    float(np.quantile(rebuilt, 0.95)),
                    "ms",
                    50.0,
                    "lower",
                    note=f"p50 {np.median(rebuilt):.1f} ms, 10,000 messages",
                ),
            ]


def missing(name: str, talks: list[Talk], by_meaning: bool, bar: float | None) -> list[Result]:
    """Tell which of 20 turns was taken out; the peer is the cosine with the turns on both sides."""
    results = []
    method: Method = "meaning" if by_meaning else "words"
    draws: tuple[Draw, ...] = ("any", "nearest")
    for draw in draws:
        rows, crowds = (
            np.concatenate(parts) for parts in zip(*(told(one, draw) for one in talks), strict=True)
        )
        if not by_meaning:
            rows[..., : NAMES.index("shared_before")] = 0.0
        shares = np.array(
            [
                probabilities(scores(one, method, crowd=bool(crowd)))
                for one, crowd in zip(rows, crowds, strict=True)
            ]
        )
        near = rows[..., NAMES.index("near_before")] + rows[..., NAMES.index("near_after")]
        peer = float((near.argmax(axis=1) == 0).mean()) if by_meaning else None
        right = accuracy(shares)
        se = (right * (1.0 - right) / len(rows)) ** 0.5
        asked = f"{name}: true turn among 20, others drawn from {draw}, {method}"
        results.append(
            Result(
                asked,
                100.0 * right,
                "%",
                bar,
                "higher",
                "cosines with both sides" if peer else "",
                right / peer if peer else None,
                100.0 * (right - 1.96 * se),
                100.0 * (right + 1.96 * se),
                f"n {len(rows):,}" + (f"; cosines with both sides {100.0 * peer:.1f}%" if peer else ""),
            )
        )
        results.append(
            Result(
                f"{asked}: ECE",
                likeliest_error(shares),
                "",
                0.05 if bar else None,
                "lower",
            )
        )
    return results


def confidences(name: str, talks: list[Talk], every: int) -> Result:
    """Tell how far the confidence of reconstructions is from how often they are right."""
    sure, right = (
        np.concatenate(parts) for parts in zip(*(rebuilt(one, every) for one in talks), strict=True)
    )
    ranks = np.empty(sure.size)
    ranks[np.argsort(sure)] = np.arange(sure.size)
    told_apart = (ranks[right].mean() - (right.sum() - 1) / 2.0) / max((~right).sum(), 1)
    return Result(
        f"{name}: confidence of a reconstruction, ECE",
        calibration_error(sure, right),
        "",
        None,
        "lower",
        note=f"n {sure.size:,}; {100.0 * right.mean():.0f}% mean about what was said, AUC {told_apart:.2f}",
    )


def run(data: Path | None) -> list[Result]:
    """Measure all that the data and the embedder at hand allow."""
    if data is None:
        return []
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        embedder = MiniLm(BareHost())
    except NotAvailable:
        embedder = None
    talks = locomo(data / "locomo" / "locomo_first5.json", embedder)
    texts = [text for one in talks for text in one.texts]
    many = (texts * (MESSAGES // len(texts) + 1))[:MESSAGES]
    vectors = None
    if embedder is not None:
        rows = np.concatenate([one.vectors for one in talks if one.vectors is not None])
        vectors = rows[np.arange(MESSAGES) % len(rows)]
    results = speed(many, vectors, embedder.model if embedder else None) + ngrams(many)
    if embedder is not None:
        results += missing("LoCoMo", talks[LEARNED_FROM:], True, 66.0)
        results += missing("LoCoMo", talks[LEARNED_FROM:], False, None)
        results.append(confidences("LoCoMo", talks[LEARNED_FROM:], every=2))
        logs = irc(data / "irc", embedder, IRC_LOGS)
        results += missing("IRC", logs, True, None)
        results.append(confidences("IRC", logs, every=10))
    return results
