"""The file of targets: `[[target]]`, `[[channel]]` and `[alerts]` beside `[[metric]]` of a catalogue."""

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from homeostat.app.alerts.channel_file import LOG, channel_of
from homeostat.app.alerts.channels.channel import Channel
from homeostat.core.errors import ConfigError
from homeostat.core.metric import Metric
from homeostat.core.target import Amount, Severity
from homeostat.judge.targets.target import Handling, Rule, rule_of, rules_of_catalogue
from homeostat.judge.targets.target_language import parse, parse_amount, parse_length

Table = dict[str, object]

TARGET_FIELDS = (
    "name",
    "expect",
    "metric",
    "severity",
    "warning",
    "critical",
    "for",
    "hysteresis",
    "cool_down",
    "notify",
    "action",
    "group_by",
)
ALERT_FIELDS = ("catalogue", "for", "hysteresis", "cool_down", "notify", "group_by")
TARGETS_MAX = 500


@dataclass(frozen=True, slots=True)
class Alerting:
    """What is watched, and where notices go. `targets` are the user's own rules, `rules` all of them."""

    rules: tuple[Rule, ...]
    targets: tuple[Rule, ...]
    channels: tuple[Channel, ...]


def load_alerting(
    path: Path | None,
    metrics: Mapping[str, Metric],
    environment: Mapping[str, str],
    actions: Collection[str] = (),
) -> Alerting:
    """Read a user's file; without one, the bounds of the catalogue are watched and alerts are logged.

    Raises ConfigError that names the file, the entry, the value and what would be accepted.
    """
    document = _document(path)
    where = str(path)
    channels = (LOG, *_channels(_tables(document, "channel", where), where, environment))
    names = tuple(c.name for c in channels)
    table = document.get("alerts", {})
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: write the settings of alerts as a table [alerts]")
    _refuse_unknown(table, ALERT_FIELDS, f"{where}: [alerts]")
    usual = _handling(table, Handling(), f"{where}: [alerts]", names, actions)
    entries = _tables(document, "target", where)
    if len(entries) > TARGETS_MAX:
        raise ConfigError(f"{where}: there are {len(entries)} targets; write at most {TARGETS_MAX}")
    targets: dict[str, Rule] = {}
    for entry in entries:
        rule = _rule(entry, where, metrics, usual, names, actions)
        if rule.name in targets or rule.name in metrics:
            what = "is there twice" if rule.name in targets else "is the name of a metric"
            raise ConfigError(f"{where}: the target {rule.name!r} {what}; choose another name")
        targets[rule.name] = rule
    catalogue = table.get("catalogue", True)
    if not isinstance(catalogue, bool):
        raise ConfigError(f"{where}: [alerts] catalogue must be true or false, not {catalogue!r}")
    own = tuple(targets.values())
    return Alerting((*own, *(rules_of_catalogue(metrics, usual) if catalogue else ())), own, channels)


def _document(path: Path | None) -> Table:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the file {str(path)!r} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _tables(document: Table, name: str, where: str) -> list[Table]:
    found = document.get(name, [])
    if not isinstance(found, list) or not all(isinstance(t, dict) for t in found):
        raise ConfigError(f"{where}: write each {name} as a table that begins with [[{name}]]")
    return found


def _channels(tables: list[Table], where: str, environment: Mapping[str, str]) -> list[Channel]:
    found = [channel_of(t, where, environment) for t in tables]
    names = [LOG.name, *(c.name for c in found)]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise ConfigError(f"{where}: the channel {twice!r} is there twice; choose another name")
    return found


def _refuse_unknown(table: Table, known: Iterable[str], where: str) -> None:
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise ConfigError(f"{where}: unknown field {unknown[0]!r}; known are {', '.join(known)}")


def _text(table: Table, field: str, where: str, default: str = "") -> str:
    value = table.get(field, default)
    if not isinstance(value, str) or (field in table and not value.strip()):
        raise ConfigError(f"{where}: {field} must be a text, not {value!r}")
    return value


def _texts(table: Table, field: str, where: str) -> tuple[str, ...]:
    value = table.get(field, [])
    if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
        raise ConfigError(f"{where}: {field} must be a list of texts, not {value!r}")
    return tuple(value)


def _rule(
    entry: Table,
    where: str,
    metrics: Mapping[str, Metric],
    usual: Handling,
    channels: Collection[str],
    actions: Collection[str],
) -> Rule:
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip() or name != name.strip() or "|" in name:
        raise ConfigError(f"{where}: a target needs a name such as 'answers are fast', not {name!r}")
    here = f"{where}: target {name!r}"
    _refuse_unknown(entry, TARGET_FIELDS, here)
    if "expect" not in entry:
        raise ConfigError(f'{here}: say what is expected, as in expect = "p95 < 200 ms over 10 min"')
    try:
        target = parse(_text(entry, "expect", here))
        severity = _severity(_text(entry, "severity", here, "warning"), here)
        bounds = tuple((s, parse_amount(_text(entry, s.value, here))) for s in Severity if s.value in entry)
        if not bounds and (target.burn is None or target.windows_ns):
            bounds = ((severity, target.bound),)
        elif bounds and "severity" in entry:
            raise ConfigError("severity goes with expect alone; leave it out beside warning and critical")
        handling = _handling(entry, usual, here, channels, actions)
        return rule_of(
            name, target, metrics, _sided(bounds, target.bound), handling, _text(entry, "metric", here)
        )
    except ConfigError as error:
        text = str(error)
        raise ConfigError(text if text.startswith(where) else f"{here}: {text}") from None


def _sided(bounds: tuple[tuple[Severity, Amount], ...], usual: Amount) -> tuple[tuple[Severity, Amount], ...]:
    """A bound without a unit has that of the expectation."""
    return tuple((s, a if a.unit else replace(a, unit=usual.unit)) for s, a in bounds)


def _severity(text: str, where: str) -> Severity:
    if text not in tuple(Severity):
        raise ConfigError(f"{where}: severity must be {' or '.join(Severity)}, not {text!r}")
    return Severity(text)


def _handling(
    table: Table, usual: Handling, where: str, channels: Collection[str], actions: Collection[str]
) -> Handling:
    notify = _texts(table, "notify", where) or usual.notify
    for name in notify:
        if name not in channels:
            raise ConfigError(f"{where}: there is no channel {name!r}; known are {', '.join(channels)}")
    action = _text(table, "action", where)
    if action and action not in actions:
        known = f"known are {', '.join(sorted(actions))}" if actions else "none is known to this server"
        raise ConfigError(f"{where}: there is no action {action!r}; {known}")
    return Handling(
        for_ns=_length(table, "for", where, usual.for_ns),
        hysteresis=_hysteresis(table, where, usual.hysteresis),
        cool_down_ns=_length(table, "cool_down", where, usual.cool_down_ns),
        notify=notify,
        action=action,
        group_by=_texts(table, "group_by", where) or usual.group_by,
    )


def _length(table: Table, field: str, where: str, usual: int) -> int:
    if field not in table:
        return usual
    text = _text(table, field, where)
    if text in ("0", "0 s"):
        return 0
    try:
        return parse_length(text)
    except ConfigError:
        raise ConfigError(
            f"{where}: {field} must be a length of time such as '5 min', not {text!r}"
        ) from None


def _hysteresis(table: Table, where: str, usual: float) -> float:
    if "hysteresis" not in table:
        return usual
    text = _text(table, "hysteresis", where)
    try:
        amount = parse_amount(text)
    except ConfigError:
        amount = Amount(-1.0)
    share = amount.value / 100 if amount.unit == "%" else amount.value
    if amount.unit not in ("", "%") or not 0 <= share <= 0.5:
        raise ConfigError(f"{where}: hysteresis must lie between '0%' and '50%', not {text!r}")
    return share
