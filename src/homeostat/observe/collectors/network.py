"""The network collector: traffic of the machine's interfaces, connections of the process."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import psutil

from homeostat.core.series import Attributes
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.running_total import Beat, Increases

_LOOPBACK = re.compile(r"lo\d*")

_FIELDS = (
    ("system.network.io", "receive", "bytes_recv"),
    ("system.network.io", "transmit", "bytes_sent"),
    ("system.network.packets", "receive", "packets_recv"),
    ("system.network.packets", "transmit", "packets_sent"),
    ("system.network.errors", "receive", "errin"),
    ("system.network.errors", "transmit", "errout"),
    ("system.network.dropped", "receive", "dropin"),
    ("system.network.dropped", "transmit", "dropout"),
)
"""Metric, direction, and the field of psutil's answer."""


class NetworkCollector:
    """Interfaces are added up into two: the loopback, and all others (`interface` = external)."""

    name = "network"
    waits_for: Mapping[str, str] = MappingProxyType({})

    def __init__(self) -> None:
        self._increases = Increases()
        self._connections_beat = Beat(15)
        self._states: set[str] = {"established", "listen", "close_wait"}
        self._process = psutil.Process()
        self._reasons: dict[str, str] = {}

    def unavailable(self) -> Mapping[str, str]:
        """Return the reasons found so far."""
        return self._reasons

    def collect(self, now_ns: int) -> Iterator[Reading]:
        """Return the readings of one round."""
        sums: dict[tuple[str, Attributes], float] = {}
        for interface, counters in psutil.net_io_counters(pernic=True, nowrap=False).items():
            side = "loopback" if _LOOPBACK.fullmatch(interface) else "external"
            for metric, direction, field in _FIELDS:
                key = metric, (("direction", direction), ("interface", side))
                # of each interface alone: one that goes away must not look like a reset of all
                increase = self._increases.of((interface, metric, direction), getattr(counters, field))
                if increase is not None:
                    sums[key] = sums.get(key, 0.0) + increase
        for (metric, attributes), increase in sums.items():
            yield Reading(metric, increase, attributes)
        if self._connections_beat.due(now_ns):
            yield from self._connections()

    def _connections(self) -> Iterator[Reading]:
        try:
            found = self._process.net_connections("tcp")
        except psutil.AccessDenied:
            self._reasons["process.network.connections"] = (
                "the operating system does not show this process its own connections"
            )
            return
        counts = dict.fromkeys(self._states, 0)
        for connection in found:
            state = connection.status.lower()
            counts[state] = counts.get(state, 0) + 1
        self._states |= counts.keys()
        for state in sorted(counts):
            yield Reading("process.network.connections", counts[state], (("state", state),))

    def close(self) -> None:
        """Nothing is held."""
