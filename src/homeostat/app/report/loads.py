"""Loads: how often whole operations began in a store, and events in a file."""

from collections.abc import Collection, Mapping

import numpy as np

from homeostat.core.query import Frame
from homeostat.core.series import SeriesKey
from homeostat.judge.reports.queueing import Queueing, queueing, unended
from homeostat.judge.reports.workload import Load, are_events, load_of_events
from homeostat.judge.tabular.read import Table
from homeostat.judge.views.candidate import OWN_SERVICE, SUPPORTING
from homeostat.judge.views.operations import DURATION
from homeostat.judge.views.spend import DURATION as LLM_DURATION
from homeostat.judge.views.window import LAG_NS, Window

STAGES_MAX = 12
"""Stages whose queueing is looked at: those of which most is in progress."""

LOADS_MAX = 5
"""Operations whose load is told at most: those that were called most."""


def stored_loads(
    frames: Mapping[SeriesKey, Frame], window: Window, roots: Collection[tuple[str, str]]
) -> tuple[Load, ...]:
    """Return the loads of the operations that begin a trace: `roots` are their names and services.

    Where no trace is kept they are all operations; without operations, the calls of models.
    """
    keys = [k for k in frames if k.metric == DURATION and k.get("service") != OWN_SERVICE]
    whole = [k for k in keys if (k.get("operation"), k.get("service")) in roots]
    keys = whole or keys or [k for k in frames if k.metric == LLM_DURATION]
    grouped: dict[tuple[str, str], list[Frame]] = {}
    for key in keys:
        frame = frames[key]
        if frame.start_ns.size:
            grouped.setdefault((key.get("operation"), key.get("service")), []).append(frame)
    several = len({service for _, service in grouped}) > 1
    found = [
        _stored_load(f"{operation} of {service}" if several and service else operation, parts, window)
        for (operation, service), parts in grouped.items()
    ]
    found = [load for load in found if load.counts.any()]
    found.sort(key=lambda load: (-load.counts.sum(), load.title))
    return tuple(found[:LOADS_MAX])


def _stored_load(title: str, parts: list[Frame], window: Window) -> Load:
    """The counts of whole buckets only: neither the one in which it was first seen nor the last one."""
    level = window.level_ns
    first = min(int(f.start_ns[0]) for f in parts) // level + 1
    last = max((window.now_ns - LAG_NS) // level, first)
    counts = np.zeros(last - first, dtype=np.float64)
    busy_s = np.zeros(last - first, dtype=np.float64)
    for frame in parts:
        slots = frame.start_ns // level - first
        known = (slots >= 0) & (slots < counts.size)
        np.add.at(counts, slots[known], frame.count[known])
        np.add.at(busy_s, slots[known], np.nan_to_num(frame.count * frame.mean)[known] / 1e3)
    return Load(title, "epoch", first * level, level, counts, busy_s)


def stage_queueing(frames: Mapping[SeriesKey, Frame], window: Window) -> dict[str, Queueing]:
    """Return how the operations that are busiest stand to their load, by name, over all services."""
    durations: dict[str, list[Frame]] = {}
    in_flight: dict[str, float] = {}
    for key, frame in frames.items():
        if key.get("service") == OWN_SERVICE or not frame.start_ns.size:
            continue
        operation = key.get("operation")
        if key.metric in (DURATION, LLM_DURATION):
            durations.setdefault(operation, []).append(frame)
        elif key.metric in SUPPORTING:
            taken_s = float(np.nansum(frame.mean * frame.count)) / 1e3
            mean = taken_s / window.seconds(key.get("service"))
            in_flight[operation] = in_flight.get(operation, 0.0) + mean
    loads = [_stored_load(operation, parts, window) for operation, parts in durations.items()]
    loads = [load for load in loads if load.busy_s is not None and load.counts.any()]
    loads.sort(key=lambda load: -float(load.busy_s.sum()) if load.busy_s is not None else 0.0)
    found = [queueing(load, in_flight.get(load.title)) for load in loads[:STAGES_MAX]]
    hanging = sorted(in_flight.keys() - {load.title for load in loads}, key=lambda o: (-in_flight[o], o))
    for operation in hanging[:STAGES_MAX]:
        ended = sum(int(f.count.sum()) for f in durations.get(operation, ()))
        found.append(unended(operation, in_flight[operation], ended))
    return {q.operation: q for q in found if q is not None}


def file_load(table: Table) -> Load | None:
    """Return the load of a file in which each row is an event; None where rows are samples on a grid.

    Columns of one row are one event: the one with most values is counted, over all its labels.
    """
    named: dict[str, int] = {}
    for r in table.series:
        named[r.name] = named.get(r.name, 0) + r.moments.count
    if not named:
        return None
    name = max(named, key=lambda n: named[n])
    series = [r for r in table.series if r.name == name]
    origin = series[0].origin
    if origin == "rows" or len({r.every for r in series}) > 1:
        return None
    if not all(are_events(r.times_ns) for r in series if r.times_ns.size > 1):
        return None
    times = np.sort(np.concatenate([r.times_ns for r in series]))
    return load_of_events("rows", origin, times, series[0].every) if times.size > 1 else None
