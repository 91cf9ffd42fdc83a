"""The incident: the alerts of one group that are told together, and what is told of them when. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from homeostat.core.clock import MINUTE_NS, SECOND_NS
from homeostat.core.notice import AlertLine, Notice, Occasion
from homeostat.core.target import Severity
from homeostat.judge.alerts.alert import EVERYTHING, Alert, Phase, step, step_unseen
from homeostat.judge.alerts.watch import Observation
from homeostat.judge.targets.target import Handling

GATHER_NS = 10 * SECOND_NS
"""How long the first notice waits for further alerts of its incident."""

GREW_NS = 5 * MINUTE_NS
"""The shortest time between two notices of one incident, but for what becomes critical."""

ALERTS_MAX = 2_000
LINES_MAX = 50


class Silence(msgspec.Struct, frozen=True):
    """Nothing is told of a target or a group until a time; an empty text matches all."""

    id: str
    until_ns: int
    target: str = ""
    group: str = ""
    reason: str = ""

    def covers(self, target: str, group: str, now_ns: int) -> bool:
        """Tell whether something is silenced now."""
        return now_ns < self.until_ns and self.target in ("", target) and self.group in ("", group)


class Incident(msgspec.Struct, frozen=True):
    """The alerts of a group since it began: the lines that are `waiting` to be told, and those `told`."""

    id: str
    group: str
    began_ns: int
    next_ns: int
    notices: int = 0
    severity: Severity = Severity.WARNING
    waiting: dict[str, AlertLine] = {}
    told: dict[str, AlertLine] = {}


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that alerting remembers, as a value: alerts by key, open incidents by group."""

    alerts: Mapping[str, Alert] = field(default_factory=dict)
    incidents: Mapping[str, Incident] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """The book after a step, what is to be told, and how many alerts there was no room for."""

    book: Book
    notices: tuple[Notice, ...]
    dropped: int


def advance(
    book: Book,
    observations: Iterable[Observation],
    handlings: Mapping[str, Handling],
    silences: Iterable[Silence],
    now_ns: int,
) -> Step:
    """Take one step in time.

    `handlings` are those of all rules by name: alerts of rules that are gone end at once. Guarantee: of an
    incident is told that it began once, each of its alerts (and each that becomes critical) once, and its
    end once; a violation that lasts longer than its *for* (and the cool-down of the one before) is told
    unless it is silenced to its end. Nothing here depends on anything but the arguments.
    """
    alerts, dropped = _alerts(book.alerts, observations, handlings, now_ns)
    quiet = tuple(silences)
    notices: list[Notice] = []
    incidents: dict[str, Incident] = {}
    groups = {a.group for a in alerts.values() if a.active} | set(book.incidents)
    for group in sorted(groups):
        members = [a for a in alerts.values() if a.group == group]
        before = book.incidents.get(group)
        incident = _with_new(before, book.alerts, members, group, now_ns)
        over = not any(a.active for a in members)
        incident, told = _tell(incident, alerts, quiet, over, now_ns)
        notices += told
        if not over:
            incidents[group] = incident
    return Step(Book(alerts, incidents), tuple(notices), dropped)


def _alerts(
    before: Mapping[str, Alert],
    observations: Iterable[Observation],
    handlings: Mapping[str, Handling],
    now_ns: int,
) -> tuple[dict[str, Alert], int]:
    alerts: dict[str, Alert] = {}
    seen: set[str] = set()
    dropped = 0
    for observation in observations:
        key = observation.key
        seen.add(key)
        known = before.get(key)
        if known is None and len(alerts) >= ALERTS_MAX:
            dropped += observation.level is not None
            continue
        after = step(known, observation, now_ns)
        if after is not None:
            alerts[key] = after
    for key, alert in before.items():
        if key in seen:
            continue
        handling = handlings.get(alert.target)
        if handling is None:
            continue
        left = step_unseen(alert, now_ns, handling)
        if left is not None:
            alerts[key] = left
    return alerts, dropped


def _with_new(
    incident: Incident | None,
    before: Mapping[str, Alert],
    members: list[Alert],
    group: str,
    now_ns: int,
) -> Incident:
    """Return the incident with the lines of what became active or worse."""
    if incident is None:
        digest = hashlib.sha256(f"{group}|{now_ns}".encode()).hexdigest()[:16]
        incident = Incident(digest, group, now_ns, now_ns + GATHER_NS)
    waiting = dict(incident.waiting)
    for alert in members:
        old = before.get(alert.key)
        was = old.severity.rank if old is not None and old.active else 0
        if alert.active and alert.severity.rank > was:
            line, earlier = alert.line(), waiting.get(alert.key)
            if earlier is not None:  # it ended and came again before it was told
                line = msgspec.structs.replace(line, began_ns=min(line.began_ns, earlier.began_ns))
            waiting[alert.key] = line
    return msgspec.structs.replace(incident, waiting=waiting)


def _tell(
    incident: Incident,
    alerts: Mapping[str, Alert],
    silences: tuple[Silence, ...],
    over: bool,
    now_ns: int,
) -> tuple[Incident, list[Notice]]:
    def silenced(line: AlertLine) -> bool:
        return any(s.covers(line.target, incident.group, now_ns) for s in silences)

    notices: list[Notice] = []
    ready = {k: line for k, line in incident.waiting.items() if not silenced(line)}
    worse = incident.notices > 0 and any(line.severity is Severity.CRITICAL for line in ready.values())
    if ready and (now_ns >= incident.next_ns or worse or over):
        occasion = Occasion.GREW if incident.notices else Occasion.BEGAN
        worst = max((incident.severity, *(line.severity for line in ready.values())), key=lambda s: s.rank)
        notices.append(_notice(incident, occasion, worst, tuple(ready.values()), now_ns))
        incident = msgspec.structs.replace(
            incident,
            notices=incident.notices + 1,
            next_ns=now_ns + GREW_NS,
            severity=worst,
            waiting={k: line for k, line in incident.waiting.items() if k not in ready},
            told={**incident.told, **ready},
        )
    ended = {k for k in incident.waiting if k not in alerts or alerts[k].phase is not Phase.ACTIVE}
    if ended:  # silenced to their end
        kept = {k: line for k, line in incident.waiting.items() if k not in ended or not silenced(line)}
        incident = msgspec.structs.replace(incident, waiting=kept)
    if over and incident.notices:
        lines = tuple(alerts[k].line() if k in alerts else line for k, line in incident.told.items())
        notices.append(_notice(incident, Occasion.RECOVERED, incident.severity, lines, now_ns))
    return incident, notices


def _notice(
    incident: Incident, occasion: Occasion, severity: Severity, lines: tuple[AlertLine, ...], now_ns: int
) -> Notice:
    ordered = tuple(sorted(lines, key=lambda a: (-a.severity.rank, a.began_ns, a.target, a.subject)))
    return Notice(
        id=f"{incident.id}-{incident.notices + (occasion is not Occasion.RECOVERED)}"
        + ("-recovered" if occasion is Occasion.RECOVERED else ""),
        incident=incident.id,
        occasion=occasion,
        severity=severity,
        group=incident.group,
        time_ns=now_ns,
        title=title_of(occasion, severity, incident.group, ordered),
        alerts=ordered[:LINES_MAX],
    )


def title_of(occasion: Occasion, severity: Severity, group: str, lines: tuple[AlertLine, ...]) -> str:
    """Return a notice in one line."""
    first = lines[0]
    place = "" if group == EVERYTHING else f"{group}: "
    subject = f" ({first.subject})" if first.subject and first.subject != group else ""
    more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
    if occasion is Occasion.RECOVERED:
        return f"Recovered: {place}{first.target}{subject}: {first.words}{more}"
    word = severity.value.capitalize() if occasion is Occasion.BEGAN else f"Now {severity.value}"
    if occasion is Occasion.GREW and severity is Severity.WARNING:
        word = "Also"
    return f"{word}: {place}{first.target}{subject}: {first.words}{more}"
