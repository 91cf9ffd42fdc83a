"""Recordings from files: anybody's numbers as subjects, and two files as pairs to compare."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from homeostat.app.report.loads import file_load
from homeostat.core.metric import Better, Metric
from homeostat.judge.comparisons.arm import PROBABILITIES, values_arm
from homeostat.judge.comparisons.comparison import THRESHOLD, Comparison, Pair, compare
from homeostat.judge.findings.subject import Subject, subject_of_readings
from homeostat.judge.reports.report import Recording
from homeostat.judge.reports.workload import Load
from homeostat.judge.tabular.read import Table
from homeostat.judge.tabular.readings import Readings
from homeostat.judge.targets.direction import direction_of
from homeostat.judge.words.quantity import counted

Metrics = Mapping[str, Metric]
Directions = Mapping[str, Better]

STATISTICS = ("mean", "p95")


def recording_of(
    tables: Sequence[Table], metrics: Metrics, said: Directions, comparison: Comparison | None = None
) -> Recording:
    """Return what a report of some files is made of."""
    several = len(tables) > 1
    subjects: list[Subject] = []
    notes: list[str] = []
    loads: list[Load] = []
    for table in tables:
        name = Path(table.source).name
        load = file_load(table)
        if load is not None:
            loads.append(replace(load, title=f"{name}: {load.title}") if several else load)
        for readings in table.series:
            subject = subject_of_readings(readings, metrics, said)
            subjects.append(replace(subject, title=f"{name}: {subject.title}") if several else subject)
        notes.extend(f"{name}: {n}" for n in table.notes)
    guessed = [f"{s.title} ({s.better.value})" for s in subjects if s.guessed]
    if guessed:
        shown = ", ".join(guessed[:12]) + (", ..." if len(guessed) > 12 else "")
        notes.append(f"which way is better was guessed from the name: {shown}; --lower and --higher say it")
    names = ", ".join(Path(t.source).name for t in tables)
    return Recording(
        title=f"Report on {names}",
        source=f"{names}, {counted(sum(t.rows for t in tables), 'row')}",
        subjects=tuple(subjects),
        comparison=comparison,
        loads=tuple(loads),
        notes=tuple(notes),
    )


def compare_tables(
    first: Table, second: Table, metrics: Metrics, said: Directions, threshold: float = THRESHOLD
) -> Comparison:
    """Compare two files, metric by metric, by name and labels."""
    mine = {(r.name, r.labels): r for r in first.series}
    yours = {(r.name, r.labels): r for r in second.series}
    alone = _alone(first, second)
    if alone is not None:
        a, b = alone
        notes = [f"the only metric of each is compared: {a.title} with {b.title}"]
        pairs = [_pair(a, b, metrics, said)]
    else:
        both = [k for k in mine if k in yours]
        notes = [
            *_only(first.source, [mine[k].title for k in mine if k not in yours]),
            *_only(second.source, [yours[k].title for k in yours if k not in mine]),
        ]
        same = [k for k in both if mine[k].unit == yours[k].unit]
        notes += [
            f"{mine[k].title} was not compared: it is in {mine[k].unit or 'no unit'} in one and in"
            f" {yours[k].unit or 'no unit'} in the other"
            for k in both
            if k not in same
        ]
        pairs = [_pair(mine[k], yours[k], metrics, said) for k in same]
    notes += [f"{Path(t.source).name}: {n}" for t in (first, second) for n in t.notes]
    guessed = [f"{p.title} ({p.direction.better.value})" for p in pairs if p.direction.guessed]
    if guessed:
        notes.append(f"which way is better was guessed from the name: {', '.join(guessed[:12])}")
    return compare(_called(first, second), _called(second, first), pairs, threshold, notes)


def _alone(first: Table, second: Table) -> tuple[Readings, Readings] | None:
    """The only metric of each of two files, where they differ in nothing but its name."""
    if len(first.series) != 1 or len(second.series) != 1:
        return None
    a, b = first.series[0], second.series[0]
    same = (a.name, a.labels) == (b.name, b.labels)
    return None if same or a.unit != b.unit else (a, b)


def _called(table: Table, other: Table) -> str:
    path, name = Path(table.source), Path(table.source).name
    return name if name != Path(other.source).name else str(path)


def _only(source: str, titles: list[str]) -> list[str]:
    if not titles:
        return []
    more = f" and {len(titles) - 10} more" if len(titles) > 10 else ""
    return [f"only in {Path(source).name}: {', '.join(titles[:10])}{more}"]


def _pair(first: Readings, second: Readings, metrics: Metrics, said: Directions) -> Pair:
    metric = metrics.get(first.name)
    statistics: tuple[str, ...] = STATISTICS
    if metric is not None and metric.judged_by in PROBABILITIES:
        statistics = tuple(dict.fromkeys(("mean", metric.judged_by)))
    if first.unit == "ratio" and {*_ends(first), *_ends(second)} <= {0.0, 1.0} and _is_binary(first, second):
        statistics = ("mean",)
    return Pair(
        name=first.name,
        title=first.title,
        unit=first.unit,
        direction=direction_of(first.name, first.unit, metrics, said),
        baseline=values_arm(first),
        candidate=values_arm(second),
        statistics=statistics,
    )


def _ends(readings: Readings) -> tuple[float, float]:
    return readings.moments.minimum, readings.moments.maximum


def _is_binary(*both: Readings) -> bool:
    return all(bool(((r.values == 0) | (r.values == 1)).all()) for r in both)
