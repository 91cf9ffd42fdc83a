"""Homeostat: the object that an application holds."""

import atexit
import os
import threading
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

from homeostat.core.batch import Batch, Sink
from homeostat.core.clock import MINUTE_NS, SECOND_NS, Clock, SystemClock
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.query import Store
from homeostat.loop.settings import Settings, settings_from
from homeostat.loop.writer import Writer
from homeostat.observe.recorder import Counter, Gauge, Histogram
from homeostat.observe.registry import Registry
from homeostat.observe.snapshot import Snapshot


class Homeostat:
    """Observes the application that it is part of.

    Values are folded once a flush interval (1 s) and written to a store on this machine, or sent to the
    server at `endpoint`; a `kill -9` loses at most what the last interval held. Nothing here blocks the
    application or raises into it, except for arguments that make no sense (`ConfigError`).

    >>> hs = Homeostat(keep=False)
    >>> answer = hs.histogram("answer.duration", unit="ms", model="m")
    >>> answer.record(12.3)
    >>> hs.snapshot("answer.duration").mean
    12.3
    >>> hs.close()
    """

    def __init__(
        self,
        service: str | None = None,
        *,
        store: str | Path | None = None,
        endpoint: str | None = None,
        token: str | None = None,
        keep: bool = True,
        collect: bool | None = None,
        flush_interval_s: float | None = None,
        series_max: int = 1_000,
        clock: Clock | None = None,
    ) -> None:
        """Start observing. See `homeostat.loop.settings.settings_from` for what the environment adds."""
        self.settings: Settings = settings_from(
            os.environ,
            service=service,
            store=store,
            endpoint=endpoint,
            token=token,
            keep=keep,
            collect=collect,
            flush_interval_s=flush_interval_s,
            series_max=series_max,
        )
        self.clock: Clock = clock or SystemClock()
        self.losses = Losses()
        self.registry = Registry(self.losses, self.settings.series_max)
        self._start()
        _living.add(self)
