"""The rule: a target bound to the catalogue, with the conditions under which it is violated."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeostat.core.clock import MINUTE_NS
from homeostat.core.errors import ConfigError
from homeostat.core.metric import Better, Kind, Metric
from homeostat.core.series import Attributes
from homeostat.core.target import Amount, Reading, Severity, Side, Target
from homeostat.judge.targets.burn_rate import burn_windows
from homeostat.judge.targets.target_language import quantile_of, write
from homeostat.judge.words.amount import convert, is_rate, write_amount, write_length

DEFAULT_WINDOW_NS = 10 * MINUTE_NS
EVERY_SERIES = ("*",)

COUNT_RATE = "count rate"
"""How many values a histogram takes in a second; its `rate` is their sum a second."""

ALIASES = {"errors": "operation.errors", "operations": "operation.duration", "calls": "llm.duration"}
"""Names that the language knows beside those of metrics."""

AMONG = {
    "operation.errors": "operation.duration",
    "llm.errors": "llm.duration",
    "llm.calls_unpriced": "llm.duration",
}
"""What a counter of bad events is a part of."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One bound with its windows, the longest first. It is cleared only at `clear_bound`.

    A violation needs every window; the way back needs one that is within the bound for clearing.
    """

    severity: Severity
    side: Side
    bound: float
    clear_bound: float
    windows_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Handling:
    """How violations become notices. `hysteresis` is a share of the bound; lengths are in ns."""

    for_ns: int = MINUTE_NS
    hysteresis: float = 0.05
    cool_down_ns: int = 5 * MINUTE_NS
    notify: tuple[str, ...] = ()
    action: str = ""
    group_by: tuple[str, ...] = ("service",)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is watched: which series, read how, against which conditions. Bounds are in `unit`.

    A share counts the values `beyond` a bound, or those of `metric` among those of `among`.
    """

    name: str
    expectation: str
    metric: str
    statistic: str
    unit: str
    conditions: tuple[Condition, ...]
    where: Attributes = ()
    by: tuple[str, ...] = ()
    beyond: tuple[Side, float] | None = None
    among: str = ""
    handling: Handling = Handling()

    @property
    def windows_ns(self) -> tuple[int, ...]:
        """All windows that are read."""
        return tuple(sorted({w for c in self.conditions for w in c.windows_ns}))


def rule_of(
    name: str,
    target: Target,
    metrics: Mapping[str, Metric],
    bounds: tuple[tuple[Severity, Amount], ...] = (),
    handling: Handling | None = None,
    metric: str = "",
) -> Rule:
    """Bind a target to the catalogue. `bounds` go before the target's own; `metric` stands for none.

    Raises ConfigError for a metric or statistic that does not exist, and for units that do not fit.
    """
    handling = handling or Handling()
    try:
        found = _bound(name, target, metrics, bounds, handling, metric)
    except ConfigError as error:
        raise ConfigError(f"{write(target)!r}: {error}") from None
    return found


def _bound(
    name: str,
    target: Target,
    metrics: Mapping[str, Metric],
    bounds: tuple[tuple[Severity, Amount], ...],
    handling: Handling,
    default_metric: str,
) -> Rule:
    reading = target.reading
    metric = _metric(reading.metric or default_metric, metrics)
    among = ""
    beyond = None
    statistic = reading.statistic
    if _is_share(target, bounds):
        statistic, unit = "share", "ratio"
        if reading.beyond is not None:
            if metric.kind is not Kind.HISTOGRAM:
                raise ConfigError(f"{metric.name} is a {metric.kind}; only values of a histogram are counted")
            beyond = (reading.beyond.side, convert(reading.beyond.amount, metric.unit))
        else:
            among = _among(reading, metric, metrics)
    else:
        unit = _unit(statistic, metric, target.bound)
        if unit == "1/s" and metric.kind is Kind.HISTOGRAM:
            statistic = COUNT_RATE
    return Rule(
        name=name,
        expectation=write(target),
        metric=metric.name,
        statistic=statistic,
        unit=unit,
        conditions=_conditions(target, bounds, unit, handling.hysteresis),
        where=target.where,
        by=target.by,
        beyond=beyond,
        among=among,
        handling=handling,
    )


def _metric(name: str, metrics: Mapping[str, Metric]) -> Metric:
    if not name:
        raise ConfigError("no metric is named; write it in parentheses, as in 'p95(operation.duration)'")
    name = ALIASES.get(name, name)
    if name not in metrics:
        from difflib import get_close_matches

        close = get_close_matches(name, (*metrics, *ALIASES), 3, 0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else "`homeostat metrics` lists those there are"
        raise ConfigError(
            f"there is no metric {name!r}; {hint} (one of your own is described in a [[metric]] entry)"
        )
    return metrics[name]


def _is_share(target: Target, bounds: tuple[tuple[Severity, Amount], ...]) -> bool:
    reading = target.reading
    if target.burn is not None or reading.statistic == "share" or reading.beyond or reading.among:
        return True
    amounts = [target.bound, *(a for _, a in bounds)]
    return reading.statistic == "rate" and any(a.unit in ("%", "ratio", "percent") for a in amounts)


def _among(reading: Reading, metric: Metric, metrics: Mapping[str, Metric]) -> str:
    if reading.among:
        return _metric(reading.among, metrics).name
    if metric.name not in AMONG:
        raise ConfigError(
            f"of what {metric.name} is a share is not known; write share({metric.name} among OTHER.METRIC), "
            "or write a rate over time, such as '< 0.1/s'"
        )
    return AMONG[metric.name]


def _unit(statistic: str, metric: Metric, bound: Amount) -> str:
    kind = metric.kind
    if statistic == "rate":
        if not is_rate(bound.unit):
            raise ConfigError(
                f"{write_amount(bound)} is no rate; write a share such as '< 1%',"
                " or a rate over time such as '< 0.1/s'"
            )
        plain = metric.unit in ("", "1") or (
            kind is Kind.HISTOGRAM and bound.unit.rpartition("/")[0] in ("", "1")
        )
        return "1/s" if plain else f"{metric.unit}/s"
    if quantile_of(statistic) is not None and kind is not Kind.HISTOGRAM:
        raise ConfigError(f"{metric.name} is a {kind} and has no quantiles; use {_statistics(kind)}")
    if kind is Kind.COUNTER and statistic != "total":
        raise ConfigError(f"{metric.name} is a counter; use {_statistics(kind)}, not {statistic}")
    if kind is Kind.HISTOGRAM and statistic == "last":
        raise ConfigError(f"{metric.name} is a histogram; use {_statistics(kind)}, not {statistic}")
    if kind is Kind.GAUGE and statistic == "total":
        raise ConfigError(f"{metric.name} is a gauge; use {_statistics(kind)}, not {statistic}")
    return metric.unit


def _statistics(kind: Kind) -> str:
    return {
        Kind.HISTOGRAM: "mean, a quantile such as p95, min, max, total, rate or share",
        Kind.COUNTER: "rate, share or total",
        Kind.GAUGE: "last, mean, min or max",
    }[kind]


def _conditions(
    target: Target, bounds: tuple[tuple[Severity, Amount], ...], unit: str, hysteresis: float
) -> tuple[Condition, ...]:
    def condition(severity: Severity, bound: float, windows_ns: tuple[int, ...]) -> Condition:
        slack = hysteresis * abs(bound)
        clear = bound - slack if target.side.below else bound + slack
        return Condition(severity, target.side, bound, clear, windows_ns)

    burn = target.burn
    if burn is not None and not target.windows_ns:
        windows = burn_windows(burn.period_ns)
        if not windows:
            raise ConfigError(f"a budget over {write_length(burn.period_ns)} is too short; take 3 h or more")
        return tuple(
            condition(w.severity, min(1.0, w.rate(burn.period_ns) * burn.share), (w.long_ns, w.short_ns))
            for w in windows
        )
    windows_ns = target.windows_ns or (DEFAULT_WINDOW_NS,)
    chosen = bounds or ((Severity.WARNING, target.bound),)
    if burn is not None:
        return tuple(condition(s, min(1.0, a.value * burn.share), windows_ns) for s, a in chosen)
    convert(target.bound, unit)  # also where the bounds of the severities stand in its place
    made = tuple(condition(severity, convert(amount, unit), windows_ns) for severity, amount in chosen)
    by_severity = {c.severity: c.bound for c in made}
    if len(by_severity) == 2:
        warning, critical = by_severity[Severity.WARNING], by_severity[Severity.CRITICAL]
        if (critical < warning) if target.side.below else (critical > warning):
            raise ConfigError(
                f"critical ({critical:g} {unit}) lies on the good side of warning ({warning:g} {unit}); "
                "exchange the two"
            )
    return made


def rules_of_catalogue(metrics: Mapping[str, Metric], handling: Handling) -> tuple[Rule, ...]:
    """Return one rule for each metric of the catalogue that has a warning or critical bound."""
    found = []
    for metric in metrics.values():
        if metric.better is Better.NEITHER or (metric.warning is None and metric.critical is None):
            continue
        side = Side.AT_MOST if metric.better is Better.LOWER else Side.AT_LEAST
        unit = f"{metric.unit}/s" if metric.judged_by == "rate" else metric.unit
        levels = ((Severity.WARNING, metric.warning), (Severity.CRITICAL, metric.critical))
        bounds = tuple((s, Amount(b, unit)) for s, b in levels if b is not None)
        bound = bounds[0][1]
        target = Target(Reading(metric.judged_by, metric.name), side, bound, by=EVERY_SERIES)
        found.append(rule_of(metric.name, target, metrics, bounds, handling))
    return tuple(found)
