"""The figures: what the checks of security found last, as gauges and to be read."""

from collections.abc import Iterable
from contextlib import suppress
from threading import Lock

import msgspec

from homeostat.companion.access.cabinet import Drawers
from homeostat.core.clock import Clock
from homeostat.runtime.host import Host

KIND = "security"
FAULTS_MAX = 20
NAMES = ("encryption", "integrity", "access", "authentication", "audit", "privacy")
"""The checks."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """What one whole round of a check found.

    `share` is of `tried` that were as they should be, None where nothing could be tried; `at_us` when the
    round ended, 0 for never; `faults` say what was not, at most 20 of them, without names of persons.
    """

    share: float | None = None
    tried: int = 0
    at_us: int = 0
    faults: tuple[str, ...] = ()
    note: str = ""


class Figures:
    """The last figure of each check, kept over a restart. Safe for threads."""

    def __init__(self, host: Host, drawers: Drawers) -> None:
        self._clock: Clock = host.clock
        self._drawers = drawers
        self._lock = Lock()
        self._figures = dict.fromkeys(NAMES, Figure(note="no round has ended yet"))
        for check, blob in drawers.list(KIND, "", len(NAMES)).items():
            with suppress(msgspec.DecodeError):  # kept by another version: the next round tells it again
                self._figures[check] = msgspec.json.decode(blob, type=Figure)
        self._gauges = {
            "encryption": host.gauge("security.encryption", "ratio"),
            "integrity": host.gauge("security.integrity", "ratio"),
            "access": host.gauge("security.access", "ratio"),
            "authentication": host.gauge("security.authentication", "ratio"),
            "audit": host.gauge("security.audit", "ratio"),
            "privacy": host.gauge("security.privacy", "ratio"),
        }
        self._rounds = {check: host.gauge("security.round_at", "s", check=check) for check in NAMES}

    def found(
        self, check: str, right: float, tried: float, faults: Iterable[str] = (), note: str = ""
    ) -> None:
        """Keep what a whole round found: how much of what was tried was right."""
        at_ns = self._clock.now_ns()
        figure = Figure(
            share=right / tried if tried else None,
            tried=int(tried),
            at_us=at_ns // 1_000,
            faults=tuple(faults)[:FAULTS_MAX],
            note=note,
        )
        with self._lock:
            self._figures[check] = figure
        self._drawers.put(KIND, {check: msgspec.json.encode(figure)})
        if figure.share is not None:
            self._gauges[check].set(figure.share)
            self._rounds[check].set(at_ns / 1e9)

    def all(self) -> dict[str, Figure]:
        """Return the figures by the name of their check."""
        with self._lock:
            return dict(self._figures)
