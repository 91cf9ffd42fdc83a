"""How fast, how small and how near to full precision are the embedders of this machine?"""

import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from homeostat.core.embedder import Embedder
from homeostat.runtime.embed.built import FLOAT32, GRAPH, MINILM, STATIC, default_folder, status
from homeostat.runtime.embed.minilm import MiniLm, open_session
from homeostat.runtime.embed.minilm import run as embedded
from homeostat.runtime.embed.rows import cosines, to_rows
from homeostat.runtime.embed.source import VOCABULARY
from homeostat.runtime.embed.static import Static
from homeostat.runtime.embed.wordpieces import WordPieces
from homeostat.testing.bare_host import BareHost

ROWS = 10_000
SAMPLE = 200
REPEATS = 20
KEPT_TALKS = slice(2, 5)
"""What was chosen was chosen on the first two talks."""

Vectors = NDArray[np.float32]


def run(data: Path | None) -> list[Result]:
    """Measure the dot products, and the models where they are built and the data is there."""
    found = [_dot_products()]
    models = default_folder()
    if data is None or any(status(models, model).fault for model in (MINILM, STATIC)):
        return found
    talks = json.loads((data / "locomo" / "locomo_first5.json").read_text())
    turns = [text for talk in talks[KEPT_TALKS] for _, text in _turns(talk)][::7]
    lines = _lines(data / "irc")
    minilm, static = MiniLm(BareHost()), Static(BareHost())
    size_mb = (models / MINILM / GRAPH).stat().st_size / 1e6
    found += [
        Result("MiniLM in int8: size of the model", size_mb, "MB", 23.5, "lower"),
        *_nearness(models, turns + lines, minilm),
        _latency(minilm, lines, "ms", 1.2, "a line of IRC, 14 tokens at the median"),
        _latency(minilm, turns, "ms", None, "a turn of LoCoMo, 29 tokens at the median"),
        _latency(static, lines, "us", 50.0, "a line of IRC"),
        _latency(static, turns, "us", None, "a turn of LoCoMo"),
    ]
    for embedder in (minilm, static):
        recall = _recall_at_10(embedder, talks[KEPT_TALKS])
        question = f"{embedder.model}: dense evidence recall@10 of LoCoMo turns, 3 talks, names stripped"
        found.append(Result(question, recall, "%", None, "higher", note="no lexical part, one turn a row"))
    return found


def _dot_products() -> Result:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((ROWS, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = to_rows(vectors)
    took = _times_s(lambda: cosines(rows, rows[0]), 200)
    own = min(took) * 1e3
    peer = min(_times_s(lambda: vectors @ vectors[0], 200)) * 1e3
    question = f"the cosines of {ROWS:,} rows of int8 to a query"
    return Result(question, own, "ms", 0.5, "lower", "float32 @ numpy, 4 times the memory", peer / own)


def _nearness(models: Path, texts: Sequence[str], minilm: MiniLm) -> list[Result]:
    if status(models, FLOAT32).fault:
        return []
    session = open_session((models / FLOAT32 / GRAPH).read_bytes())
    pieces = WordPieces(models / FLOAT32 / VOCABULARY)
    exact = np.concatenate([embedded(session, np.array([pieces.ids(text)[0]])) for text in texts])
    near = (exact * minilm.embed(texts)).sum(axis=1)
    note = f"{len(texts)} turns of LoCoMo and lines of IRC; onnxruntime's own quantiser was measured at .9925"
    mean = Result(
        "MiniLM in int8: mean cosine to full precision", float(near.mean()), "", 0.992, "higher", note=note
    )
    low = float(np.percentile(near, 1))
    return [mean, Result("the same: the lowest hundredth", low, "", None, "higher")]


def _latency(embedder: Embedder, texts: Sequence[str], unit: str, bar: float | None, what: str) -> Result:
    """Measure the processor's time of each text alone, the least of many runs; return their median."""
    chosen = texts[:SAMPLE]
    took = np.array([_times_s(lambda: embedder.embed([text]), REPEATS) for text in chosen])  # noqa: B023
    least = took.min(axis=1) * {"ms": 1e3, "us": 1e6}[unit]
    low, median, high = (float(x) for x in np.percentile(least, (5, 50, 95)))
    note = "the median text; the least of each text's runs, which other load disturbs least"
    question = f"{embedder.model}: processor time for {what}"
    return Result(question, median, unit, bar, "lower", low=low, high=high, note=note)


def _times_s(call: Callable[[], object], repeats: int) -> list[float]:
    call()
    found = []
    for _ in range(repeats):
        begin_s = time.process_time()
        call()
        found.append(time.process_time() - begin_s)
    return found


def _lines(logs: Path) -> list[str]:
    found = []
    for log in sorted(logs.glob("*.txt"))[::10]:
        lines = log.read_text(errors="replace").splitlines()
        found += [line.split("> ", 1)[1] for line in lines if "> " in line]
    return found[::20]


def _turns(talk: dict[str, dict[str, list[dict[str, str]]]]) -> list[tuple[str, str]]:
    sessions = [s for name, s in talk["conversation"].items() if re.fullmatch(r"session_\d+", name)]
    return [(turn["dia_id"], turn["text"]) for session in sessions for turn in session]


def _recall_at_10(embedder: Embedder, talks: Sequence[dict]) -> float:  # type: ignore[type-arg]
    """Return the mean share of a question's evidence among the 10 nearest turns, in percent."""
    shares = []
    for talk in talks:
        talkers = (talk["conversation"]["speaker_a"], talk["conversation"]["speaker_b"])
        names = re.compile(rf"\b({'|'.join(map(re.escape, talkers))})('s)?\b")
        turns = _turns(talk)
        places = {id_: i for i, (id_, _) in enumerate(turns)}
        rows = to_rows(embedder.embed([names.sub("", text) for _, text in turns]))
        for one in talk["qa"]:
            evidence = {places[e] for e in one.get("evidence", ()) if e in places}
            if one["category"] != 5 and evidence:
                query = to_rows(embedder.embed([names.sub("", one["question"])]))[0]
                nearest = np.argsort(-cosines(rows, query), kind="stable")[:10]
                shares.append(len(evidence & set(nearest.tolist())) / len(evidence))
    return 100 * float(np.mean(shares))
