"""The notice: what is told of an incident, once to each channel."""

from enum import StrEnum

import msgspec

from homeostat.core.target import Severity


class Occasion(StrEnum):
    """Why something is told."""

    BEGAN = "began"
    GREW = "grew"
    RECOVERED = "recovered"


class AlertLine(msgspec.Struct, frozen=True):
    """One alert of an incident, as it is told. Numbers that are not known are None."""

    target: str
    subject: str
    severity: Severity
    words: str
    expectation: str
    value: float | None
    low: float | None
    high: float | None
    bound: float | None
    unit: str
    began_ns: int


class Notice(msgspec.Struct, frozen=True):
    """What is told. `id` is its idempotency key: what was received twice under one id is one notice."""

    id: str
    incident: str
    occasion: Occasion
    severity: Severity
    group: str
    time_ns: int
    title: str
    alerts: tuple[AlertLine, ...]
    service: str = "homeostat"
