"""The alert: one rule on one subject, from the first violation to the recovery. Pure: time is handed in."""

from enum import StrEnum

import msgspec

from homeostat.core.clock import HOUR_NS, MINUTE_NS
from homeostat.core.notice import AlertLine
from homeostat.core.target import Severity
from homeostat.judge.alerts.watch import Observation
from homeostat.judge.targets.target import Handling

STALE_NS = HOUR_NS
"""An alert whose subject is no longer measured ends after this long."""

EVERYTHING = "everything"
"""The group of what has none of the attributes to group by."""

GAP_NS = MINUTE_NS
"""A violation that is not known for longer than this, and than its *for*, begins anew."""


class Phase(StrEnum):
    """Where an alert stands."""

    PENDING = "pending"
    ACTIVE = "active"
    COOLING = "cooling"


class Alert(msgspec.Struct, frozen=True):
    """One rule violated on one subject. Times are ns; 0 is 'not'.

    `severity` counts once it lasted for the rule's *for*; `critical_ns` and `clear_ns` say since when the
    observations are critical, or clear. After its end it cools down until `cool_ns`.
    """

    key: str
    target: str
    subject: str
    group: str
    phase: Phase
    severity: Severity
    expectation: str
    words: str
    state_words: str
    value: float | None
    low: float | None
    high: float | None
    bound: float | None
    unit: str
    n: int
    began_ns: int
    seen_ns: int
    critical_ns: int = 0
    clear_ns: int = 0
    cool_ns: int = 0

    @property
    def active(self) -> bool:
        """Whether it counts as an alert now."""
        return self.phase is Phase.ACTIVE

    def line(self) -> AlertLine:
        """Return what is told of it."""
        return AlertLine(
            self.target,
            self.subject,
            self.severity,
            self.words,
            self.expectation,
            self.value,
            self.low,
            self.high,
            self.bound,
            self.unit,
            self.began_ns,
        )


def group_of(seen: Observation) -> str:
    """Return the group in which an observation is told together with others."""
    known = {**dict(seen.rule.where), **dict(seen.attributes)}
    values = [f"{name}={known[name]}" for name in seen.rule.handling.group_by if known.get(name)]
    return ", ".join(values) or EVERYTHING


def step(alert: Alert | None, seen: Observation, now_ns: int) -> Alert | None:
    """Return an alert after an observation; None where there is nothing to remember."""
    handling = seen.rule.handling
    if seen.level is not None:
        return _violated(alert, seen, seen.level, now_ns, handling)
    if alert is None:
        return None
    alert = _told_of(alert, seen)
    if seen.clear:
        return _cleared(alert, now_ns, handling)
    return _unknown(alert, now_ns, handling)


def step_unseen(alert: Alert, now_ns: int, handling: Handling) -> Alert | None:
    """Return an alert whose subject was not measured at all."""
    return _unknown(msgspec.structs.replace(alert, state_words="no longer measured"), now_ns, handling, True)


def _told_of(alert: Alert, seen: Observation) -> Alert:
    found = seen.verdict
    return msgspec.structs.replace(
        alert,
        expectation=seen.rule.expectation,
        words=seen.words,
        state_words=found.words,
        value=found.value,
        low=found.low,
        high=found.high,
        bound=seen.condition.bound,
        unit=found.unit,
        n=found.n,
    )


def _new(seen: Observation, now_ns: int) -> Alert:
    blank = Alert(
        key=seen.key,
        target=seen.rule.name,
        subject=seen.subject,
        group=group_of(seen),
        phase=Phase.PENDING,
        severity=Severity.WARNING,
        expectation="",
        words="",
        state_words="",
        value=None,
        low=None,
        high=None,
        bound=None,
        unit="",
        n=0,
        began_ns=now_ns,
        seen_ns=now_ns,
    )
    return _told_of(blank, seen)


def _violated(
    alert: Alert | None, seen: Observation, level: Severity, now_ns: int, handling: Handling
) -> Alert:
    alert = _new(seen, now_ns) if alert is None else _told_of(alert, seen)
    critical_ns = (alert.critical_ns or now_ns) if level is Severity.CRITICAL else 0
    began_ns = now_ns if alert.phase is Phase.COOLING else alert.began_ns
    phase = Phase.PENDING if alert.phase is Phase.COOLING else alert.phase
    if phase is Phase.PENDING and now_ns - began_ns >= handling.for_ns and now_ns >= alert.cool_ns:
        phase = Phase.ACTIVE
    lasted = critical_ns and now_ns - critical_ns >= handling.for_ns
    severity = alert.severity if phase is alert.phase and phase is Phase.ACTIVE else Severity.WARNING
    if lasted:
        severity = Severity.CRITICAL
    return msgspec.structs.replace(
        alert,
        phase=phase,
        severity=severity,
        began_ns=began_ns,
        seen_ns=now_ns,
        critical_ns=critical_ns,
        clear_ns=0,
    )


def _cleared(alert: Alert, now_ns: int, handling: Handling) -> Alert | None:
    if alert.phase is not Phase.ACTIVE:
        return _cooling(alert, now_ns)
    clear_ns = alert.clear_ns or now_ns
    if now_ns - clear_ns < handling.for_ns:
        return msgspec.structs.replace(alert, clear_ns=clear_ns, critical_ns=0)
    return _ended(alert, now_ns, handling)


def _unknown(alert: Alert, now_ns: int, handling: Handling, gone: bool = False) -> Alert | None:
    if alert.phase is Phase.ACTIVE:
        if gone and now_ns - alert.seen_ns >= max(STALE_NS, handling.for_ns):
            return _ended(alert, now_ns, handling)
        return msgspec.structs.replace(alert, clear_ns=0)
    if alert.phase is Phase.PENDING and now_ns - alert.seen_ns <= max(handling.for_ns, GAP_NS):
        return alert
    return _cooling(alert, now_ns)


def _cooling(alert: Alert, now_ns: int) -> Alert | None:
    if now_ns >= alert.cool_ns:
        return None
    return msgspec.structs.replace(alert, phase=Phase.COOLING, critical_ns=0, clear_ns=0)


def _ended(alert: Alert, now_ns: int, handling: Handling) -> Alert:
    return msgspec.structs.replace(
        alert, phase=Phase.COOLING, critical_ns=0, clear_ns=0, cool_ns=now_ns + handling.cool_down_ns
    )
