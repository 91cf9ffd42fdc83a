"""How well do change points agree with those that people mark? The Turing Change Point Dataset.

The score is that of van den Burg and Williams ("An evaluation of change point detection algorithms",
arXiv 2003.06222): F1 of precision against all annotators' marks together and recall averaged over the
annotators, within 5 points, where index 0 counts as a mark and as reported for everyone.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from homeostat.stats.change_points import change_points

MARGIN = 5
BINSEG_F1 = 0.738
"""The best method at its defaults in the literature, on 30 series."""

Floats = NDArray[np.float64]
Detector = Callable[[Floats], Collection[int]]


@dataclass(frozen=True, slots=True)
class Annotated:
    """A series and, for each of its annotators, the indices marked."""

    name: str
    values: Floats
    marks: tuple[tuple[int, ...], ...]


def annotated_series(folder: Path) -> tuple[Annotated, ...]:
    """Read the dataset: one JSON file a series beside `annotations.json`; a missing value becomes NaN."""
    marks: Mapping[str, Mapping[str, list[int]]] = json.loads((folder / "annotations.json").read_text())
    return tuple(
        Annotated(name, _values(folder / f"{name}.json"), tuple(tuple(m) for m in by_annotator.values()))
        for name, by_annotator in sorted(marks.items())
        if (folder / f"{name}.json").is_file()
    )


def _values(path: Path) -> Floats:
    raw = json.loads(path.read_text())["series"][0]["raw"]
    return np.array([np.nan if value is None else value for value in raw], dtype=np.float64)


def matched(marks: Collection[int], reported: Collection[int], margin: int = MARGIN) -> int:
    """Return how many marks have a report of their own within the margin, each taking the nearest left.

    >>> matched([0, 10, 12], [0, 11])
    2
    """
    left = set(reported)
    count = 0
    for mark in sorted(marks):
        near = min(((abs(mark - r), r) for r in left if abs(mark - r) <= margin), default=None)
        if near is not None:
            left.remove(near[1])
            count += 1
    return count


def f1(marks: Sequence[Collection[int]], reported: Collection[int]) -> float:
    """Return the agreement of reported changes with the marks of several annotators.

    >>> f1([[], [50]], []), f1([[], [50]], [52])
    (0.8571428571428571, 1.0)
    """
    told = {0, *reported}
    sets = [{0, *of_one} for of_one in marks]
    precision = matched(set().union(*sets), told) / len(told)
    recall = sum(matched(of_one, told) / len(of_one) for of_one in sets) / len(sets)
    return 2 * precision * recall / (precision + recall)


def scores(series: Sequence[Annotated], detector: Detector) -> Floats:
    """Return the F1 of a detector on each series."""
    return np.array([f1(s.marks, detector(s.values)) for s in series])


def ours(values: Floats) -> list[int]:
    """Return what is reported at the default setting, the same for all series."""
    return [change.index for change in change_points(values)]


def run(data: Path | None) -> list[Result]:
    """Score the default setting, beside a method that never reports anything."""
    folder = (data or Path()) / "tcpd"
    series = annotated_series(folder) if data and folder.is_dir() else ()
    if not series:
        return []
    found, zero = scores(series, ours), scores(series, lambda _: ())
    left_out = np.array([np.delete(found, i).mean() for i in range(found.size)])
    gain = float((found - zero).mean())
    worst = series[int(np.argmin(found - zero))].name
    return [
        Result(
            f"F1 of change points against {len(series)} annotated series, one setting",
            float(found.mean()),
            "",
            bar=BINSEG_F1,
            better="higher",
            low=float(left_out.min()),
            high=float(left_out.max()),
            note="range with any one series left out; of the literature: binseg .738 on 30 series;"
            " measured for the design: ruptures .72, Otava .60",
        ),
        Result(
            "F1 above that of never reporting anything",
            gain,
            "",
            bar=0.0,
            better="higher",
            note=f"never: {zero.mean():.3f}; below it on {int((found < zero - 1e-9).sum())} series, "
            f"by {float((zero - found).max()):.2f} at most, {worst}",
        ),
    ]
