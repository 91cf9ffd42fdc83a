"""The catalogue: every metric that Homeostat knows, read from `catalogue.toml` and a file of the user's.

The entries are text made for people; here they become `Metric`s, or a `ConfigError` that says what to mend.
"""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from homeostat.core.errors import ConfigError
from homeostat.core.metric import Better, Kind, Metric

Catalogue = Mapping[str, Metric]
"""Metrics by name, in the order in which they are to be shown."""

COLLECTORS = MappingProxyType(
    {
        "cpu": "processor time of the process and the machine",
        "perf": "the processor's own counters (Linux perf events)",
        "memory": "memory of the process and the machine",
        "garbage": "Python's garbage collector",
        "storage": "disks and files",
        "network": "network interfaces and connections",
        "gpu": "NVIDIA's management library",
        "event_loop": "asyncio event loops that were attached",
        "threads": "a thread that measures how late it wakes",
        "store": "the store that Homeostat writes to",
    }
)
"""Sources that are asked once an interval (`homeostat.observe.collectors`)."""

SOURCES = MappingProxyType(
    {
        "operations": "operations recorded in the process or received as spans",
        "in flight": "operations and calls to models recorded in the process (spans come when they ended)",
        "llm": "calls to models recorded in the process or received as spans",
        "load": "the load generator of `homeostat replay` and `homeostat demo`",
        "ingest": "the OTLP receiver",
        "scrape": "the reader of Prometheus endpoints",
        "collectors": "the runner of the collectors",
        "homeostat": "the flusher and the writer",
        "loop": "the loop that governs an application (`hs.govern`)",
        "caches": "caches of the application",
        "batches": "batches of calls",
        "limits": "limits, breakers, retries, hedges, deadlines and balancers",
        "pools": "pools of threads, processes and connections",
        "tools": "tools that run side by side",
        "jobs": "queues of jobs",
        "embedders": "embedders of texts",
        "bus": "buses of events, and parts with a fallback",
        "shared state": "documents that processes share (`SharedState`)",
        "guard": "the guard at work, tried on canaries (all of them in two minutes), and people's verdicts",
        "experience": "answers, sessions and tasks of people (`hs.experience`), and checks of pages",
        "evaluators": "evaluators that are attached to operations (`hs.evaluators`)",
        "prompts": "prompt libraries that an application serves from (`PromptLibrary`)",
        "companion": "the companion as people talk to it",
        "dreams": "dreams of the companion, asked for or while somebody is away",
        "crisis desk": "the companion's help for somebody who may be in danger",
        "security": "the companion's checks of security, on canaries, and its watch for intruders",
        "application": "handles that the application holds (`hs.histogram` and its like)",
    }
)
"""Sources that record when something happens."""

EVERY_SOURCE = MappingProxyType({**COLLECTORS, **SOURCES})
"""All of them: what a metric's `collector` may be, and what that is."""

STATISTICS = MappingProxyType(
    {
        Kind.HISTOGRAM: ("mean", "p50", "p90", "p95", "p99", "min", "max", "rate"),
        Kind.COUNTER: ("rate", "total"),
        Kind.GAUGE: ("last", "mean", "min", "max"),
    }
)
"""What a metric can be judged by, depending on its kind."""

_TABLES = ("metric", "target", "channel", "alerts")
"""What a file may hold; all but the metrics is read by `homeostat.app.alerts`."""

_FIELDS = tuple(f.name for f in fields(Metric))
_REQUIRED = ("name", "unit", "kind", "better", "help")
_BOUNDS = ("target", "warning", "critical")
_CHANGEABLE = ("judged_by", *_BOUNDS)
_DEFAULTS = {"collector": "application", "group": "application"}

Entry = dict[str, object]


def load_catalogue(extra: Path | None = None) -> Catalogue:
    """Return the catalogue, changed and extended by the user's file if one is given.

    That file has the same form. An entry whose name is known may change `judged_by`, `target`, `warning`
    and `critical` (`target = "none"` takes a bound away); one with a new name describes a metric of the
    application. Raises ConfigError that names the file, the metric, the value and what would be accepted.
    """
    source = files("homeostat.observe").joinpath("catalogue.toml").read_text(encoding="utf-8")
    metrics = {m.name: m for m in (_metric(e, "catalogue.toml") for e in _entries(source, "catalogue.toml"))}
    if extra is not None:
        for entry in _entries(_text(extra), str(extra)):
            known = metrics.get(str(entry["name"]))
            found = _metric(entry, str(extra)) if known is None else _changed(known, entry, str(extra))
            metrics[found.name] = found
    return MappingProxyType(metrics)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the metric catalogue {str(path)!r} cannot be read: {error}") from error


def _entries(text: str, where: str) -> list[Entry]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}") from error
    _refuse_unknown(document, _TABLES, where)
    entries = document.get("metric", [])
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise ConfigError(f"{where}: write each metric as a table that begins with [[metric]]")
    seen: set[str] = set()
    for entry in entries:
        name = entry.get("name")
        if not isinstance(name, str) or not name or name != name.strip():
            raise ConfigError(f"{where}: a metric needs a name such as 'answer.duration', not {name!r}")
        if name in seen:
            raise ConfigError(f"{where}: the metric {name!r} is there twice; keep one of the two")
        seen.add(name)
        _refuse_unknown(entry, _FIELDS, f"{where}: metric {name!r}")
    return entries


def _refuse_unknown(table: Entry, known: Iterable[str], where: str) -> None:
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise ConfigError(f"{where}: unknown field {unknown[0]!r}; known are {', '.join(known)}")


def _metric(entry: Entry, where: str) -> Metric:
    where = f"{where}: metric {entry['name']!r}"
    for field in _REQUIRED:
        if field not in entry:
            raise ConfigError(f"{where}: the field {field!r} is missing; needed are {', '.join(_REQUIRED)}")
    values = {k: v for k, v in {**_DEFAULTS, **entry}.items() if k not in _BOUNDS}
    for field, value in values.items():
        if not isinstance(value, str) or not value.strip():
            raise ConfigError(f"{where}: {field} must be a text, not {value!r}")
    texts = {k: str(v) for k, v in values.items()}
    kind = Kind(_one_of(texts, "kind", tuple(Kind), where))
    texts.setdefault("judged_by", STATISTICS[kind][0])
    _one_of(texts, "collector", tuple(EVERY_SOURCE), where)
    return _checked(
        Metric(
            name=texts["name"],
            unit=texts["unit"],
            kind=kind,
            better=Better(_one_of(texts, "better", tuple(Better), where)),
            help=texts["help"],
            collector=texts["collector"],
            group=texts["group"],
            judged_by=texts["judged_by"],
            **_bounds(entry, where),
        ),
        where,
    )


def _changed(metric: Metric, entry: Entry, where: str) -> Metric:
    where = f"{where}: metric {metric.name!r}"
    for field, value in entry.items():
        if field not in _CHANGEABLE and value != getattr(metric, field):
            raise ConfigError(
                f"{where}: {field} is {getattr(metric, field)!r} and cannot become {value!r}; "
                f"a known metric may change {', '.join(_CHANGEABLE)}"
            )
    bounds = _bounds(entry, where)
    changed = replace(
        metric,
        judged_by=str(entry.get("judged_by", metric.judged_by)),
        target=bounds.get("target", metric.target),
        warning=bounds.get("warning", metric.warning),
        critical=bounds.get("critical", metric.critical),
    )
    return _checked(changed, where)


def _one_of(texts: Mapping[str, str], field: str, accepted: tuple[str, ...], where: str) -> str:
    value = texts[field]
    if value not in accepted:
        raise ConfigError(f"{where}: unknown {field} {value!r}; known are {', '.join(accepted)}")
    return value


def _bounds(entry: Entry, where: str) -> dict[str, float | None]:
    bounds: dict[str, float | None] = {}
    for field in _BOUNDS:
        if field not in entry:
            continue
        value = entry[field]
        if value == "none":
            bounds[field] = None
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ConfigError(f'{where}: {field} must be a number or "none", not {value!r}')
        else:
            bounds[field] = float(value)
    return bounds


def _checked(metric: Metric, where: str) -> Metric:
    """Return the metric if its parts fit together."""
    _one_of({"judged_by": metric.judged_by}, "judged_by", STATISTICS[metric.kind], f"{where} ({metric.kind})")
    set_bounds = [(f, b) for f in _BOUNDS if (b := getattr(metric, f)) is not None]
    if set_bounds and metric.better is Better.NEITHER:
        raise ConfigError(
            f"{where}: {set_bounds[0][0]} makes no sense where better is 'neither'; say 'lower' or 'higher'"
        )
    sign = 1.0 if metric.better is Better.LOWER else -1.0
    for (inner, good), (outer, bad) in pairwise(set_bounds):
        if sign * good > sign * bad:
            raise ConfigError(
                f"{where}: {outer} = {bad:g} lies on the good side of {inner} = {good:g}, "
                f"although better is {metric.better.value!r}; exchange the two"
            )
    return metric
