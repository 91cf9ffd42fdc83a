"""The shared incident: anomalies of many series that belong together, with the one that moved first."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from homeostat.stats.anomaly.detector import Anomaly
from homeostat.stats.multiplicity import adjusted


@dataclass(frozen=True, slots=True)
class Sign:
    """An anomaly as evidence: whose, when, since when at the earliest, and how likely by chance.

    It began after `after_s`, when the series was last calm, and at `time_s` at the latest. `p_value` is
    the probability that a series without an anomaly gives such a sign within one window.
    """

    series: str
    after_s: float
    time_s: float
    p_value: float


@dataclass(frozen=True, slots=True)
class SharedIncident:
    """Signs of several series that are one incident.

    `signs` are in the order of their beginnings. `first_movers` are the series that can have been first:
    those that may have begun before some other one must have; one name means that the order is certain.
    """

    signs: tuple[Sign, ...]
    first_movers: tuple[str, ...]

    @property
    def began_s(self) -> float:
        """The time by which it had begun."""
        return min(sign.time_s for sign in self.signs)


def sign_of(series: str, anomaly: Anomaly, records: int) -> Sign:
    """Return the sign that an anomaly is, for a series with `records` records in a window."""
    if records < 1:
        raise ValueError(f"a window must hold at least one record, not {records!r}")
    return Sign(series, anomaly.after_s, anomaly.time_s, min(1.0, records * anomaly.p_value))


def shared_incidents(
    signs: Sequence[Sign], watched: int, window_s: float, false_discovery: float = 0.05
) -> tuple[SharedIncident, ...]:
    """Return the incidents behind the signs of `watched` series, in order of time.

    Signs of which each comes within `window_s` of the one before are one incident, one sign a series (its
    first). Within each, the signs are told whose p-value passes Benjamini and Hochberg over all watched
    series: a lone sign among 200 series must be strong, twenty together confirm each other.

    Guarantee: with p-values that hold, the expected share of false signs among those told is at most
    `false_discovery`, for series that are independent or depend on each other positively. Cost: a sort.
    Does not hold for the order of the movers where a series rises so slowly that it looked calm after it
    had begun; two unrelated incidents within one window are told as one.
    """
    if watched < len({sign.series for sign in signs}):
        raise ValueError(
            f"watched is {watched!r}, but signs came from more series: count all that are watched"
        )
    found = [_incident(group, watched, false_discovery) for group in _groups(signs, window_s)]
    return tuple(incident for incident in found if incident is not None)


def _groups(signs: Sequence[Sign], window_s: float) -> list[list[Sign]]:
    ordered = sorted(signs, key=lambda sign: (sign.time_s, sign.series))
    groups = [ordered[:1]] if ordered else []
    for before, sign in pairwise(ordered):
        if sign.time_s - before.time_s > window_s:
            groups.append([])
        groups[-1].append(sign)
    return groups


def _incident(group: Sequence[Sign], watched: int, false_discovery: float) -> SharedIncident | None:
    first: dict[str, Sign] = {}
    for sign in group:
        first.setdefault(sign.series, sign)
    signs = tuple(first.values())
    told = adjusted([sign.p_value for sign in signs] + [1.0] * (watched - len(signs)))
    kept = [sign for sign, p in zip(signs, told, strict=False) if p <= false_discovery]
    if not kept:
        return None
    kept.sort(key=lambda sign: (sign.after_s + sign.time_s, sign.series))
    begun = min(sign.time_s for sign in kept)
    movers = tuple(sign.series for sign in kept if sign.after_s < begun)
    return SharedIncident(tuple(kept), movers or (kept[0].series,))
