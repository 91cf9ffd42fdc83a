"""How often are two recordings of the same thing called different, and how fast are tables read?"""

import math
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from homeostat.judge.comparisons.arm import ValuesArm
from homeostat.judge.tabular.read import read_table
from homeostat.stats.effect import effect

PAIRS = 500
N = 500
ROWS = 500_000

Floats = NDArray[np.float64]


def recordings() -> dict[str, Floats]:
    """Return rows of recordings of each kind, the same in every run."""
    rng = np.random.default_rng(25)
    shape = (2 * PAIRS, N)
    made = {
        "normal": 10 + rng.normal(size=shape),
        "lognormal": rng.lognormal(0.0, 1.0, shape),
        "exponential": rng.exponential(1.0, shape),
    }
    for phi in (0.5, 0.8):
        values = rng.normal(size=(shape[0], N + 100))
        for i in range(1, values.shape[1]):
            values[:, i] += phi * values[:, i - 1]
        made[f"AR(1) {phi}"] = 10 + values[:, 100:] * math.sqrt(1 - phi * phi)
    return made


def share_below(rows: Floats, statistic: str) -> float:
    """Return the share of pairs of rows whose difference has p < .05."""
    low = known = 0
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        a, b = (ValuesArm(v, v, v.size).estimate(statistic) for v in (first, second))
        if a is not None and b is not None:
            known += 1
            low += effect(a, b).p_value < 0.05
    return low / max(known, 1)


def rows_per_s() -> float:
    """Return how many rows of a CSV file of three columns are read a second."""
    rng = np.random.default_rng(25)
    values = rng.lognormal(4.0, 0.5, ROWS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        rows = "".join(
            f"{1_700_000_000_000 + i * 10},{v:.2f},{i % 500}\n" for i, v in enumerate(values.tolist())
        )
        path.write_text("timestamp,latency_ms,tokens\n" + rows, encoding="utf-8")
        start = time.perf_counter()
        read_table(path)
        return ROWS / (time.perf_counter() - start)


def run(data: Path | None) -> list[Result]:
    """Measure false alarms of the mean and the p95 over all kinds, and the speed of reading."""
    made = recordings()
    results = []
    for statistic in ("mean", "p95"):
        shares = {name: share_below(rows, statistic) for name, rows in made.items()}
        worst = max(shares, key=shares.__getitem__)
        results.append(
            Result(
                f"{statistic}: p < .05 for two recordings of the same thing, worst of {len(made)} kinds",
                100 * shares[worst],
                "%",
                None,
                "lower",
                note=f"nominal 5; {PAIRS} pairs of {N}, standard error 1; worst: {worst}",
            )
        )
    results.append(
        Result(
            "rows of a CSV file read a second",
            rows_per_s(),
            "rows/s",
            None,
            "higher",
            note="3 columns, bounded memory",
        )
    )
    return results
