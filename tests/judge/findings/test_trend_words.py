"""Claims about how trends are told."""

import csv
from pathlib import Path

import numpy as np

from homeostat.app.report.files import recording_of
from homeostat.judge.findings.search import findings
from homeostat.judge.tabular.read import read_table


def trend_words(path: Path, values: np.ndarray) -> str:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "jobs"])
        rows.writerows(
            (f"2024-01-01T{i // 60:02d}:{i % 60:02d}:00Z", v) for i, v in enumerate(values.tolist())
        )
    (subject,) = recording_of([read_table(path)], {}, {}).subjects
    return next(f.words for f in findings([subject]) if f.kind.value == "trend")


def test_a_rise_and_a_fall_are_shares_of_where_they_began(tmp_path: Path) -> None:
    noise = np.random.default_rng(2).normal(0.0, 2.0, 300)
    assert "jobs rises by" in (words := trend_words(tmp_path / "up.csv", np.linspace(100, 150, 300) + noise))
    assert "%" in words


def test_nothing_falls_by_more_than_all_of_it(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).normal(0.0, 2.0, 300)
    values = np.linspace(100, -100, 300) + noise
    words = trend_words(tmp_path / "down.csv", values)
    assert words.startswith("jobs falls by 2")
    assert "%" not in words
