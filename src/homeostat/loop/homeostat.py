"""Homeostat: the object that an application holds."""

import atexit
import os
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from homeostat.act.knobs.knob_set import KnobSet
from homeostat.core.batch import Sink
from homeostat.core.clock import Clock, SystemClock
from homeostat.core.errors import ConfigError
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.query import SizeQuery, Store
from homeostat.loop.evaluating.evaluators import Evaluators
from homeostat.loop.knobs import Knobs
from homeostat.loop.reliefs import Reliefs
from homeostat.loop.runner import Runner
from homeostat.loop.settings import Settings, settings_from
from homeostat.loop.writer import Writer
from homeostat.observe.recorder import Counter, Gauge, Histogram
from homeostat.observe.registry import Registry
from homeostat.observe.tracer import Tracer

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from homeostat.core.embedder import Embedder
    from homeostat.evaluate.safety.policy import Policy as SafetyPolicy
    from homeostat.loop.governing.governing import Governing
    from homeostat.loop.guarding import Begun
    from homeostat.loop.policy.policy import Policy
    from homeostat.observe.collectors.runner import Collectors
    from homeostat.observe.snapshot import Snapshot
    from homeostat.runtime.experience.experience import Experience
    from homeostat.runtime.guarding.guarding import Guarding

CLOSE_TIMEOUT_S = 5.0


class Homeostat:
    """Observes the application that it is part of.

    Values are folded once a flush interval (1 s) and written to a store on this machine, or sent to the
    server at `endpoint`; a `kill -9` loses at most what the last interval held. Nothing here blocks the
    application or raises into it, except for arguments that make no sense (`ConfigError`).

    >>> hs = Homeostat(keep=False)
    >>> duration = hs.histogram("answer.duration", unit="ms", model="m")
    >>> duration.record(12.5)
    >>> hs.snapshot("answer.duration").mean
    12.5
    >>> hs.close()
    """

    def __init__(
        self,
        service: str | None = None,
        *,
        release: str | None = None,
        store: str | Path | Store | None = None,
        endpoint: str | None = None,
        token: str | None = None,
        keep: bool = True,
        collect: bool | None = None,
        flush_interval_s: float | None = None,
        series_max: int = 1_000,
        clock: Clock | None = None,
    ) -> None:
        """Start observing.

        `service` names the application, `release` the version of it that runs. `store` is a file (shared by
        default, so that `homeostat up` shows it) or an open store (which stays open), `endpoint` a server's
        address. `keep=False` keeps everything in this process. `collect=False` leaves out the resource
        collectors. `homeostat.loop.settings` says what the environment adds.
        """
        self._store = store if isinstance(store, Store) else None
        self.settings: Settings = settings_from(
            os.environ,
            service=service,
            release=release,
            store="(open)" if isinstance(store, Store) else store,
            endpoint=endpoint,
            token=token,
            keep=keep,
            collect=collect,
            flush_interval_s=flush_interval_s,
            series_max=series_max,
        )
        self._common = self.settings.application.attributes
        self.clock: Clock = clock or SystemClock()
        self.losses = Losses()
        self.registry = Registry(self.losses, self.settings.series_max)
        self.tracer = Tracer(self.registry, self.losses, self.clock, self.settings.application)
        self.operation = self.tracer.operation
        self.inject = self.tracer.inject
        self.extract = self.tracer.extract
        self.llm = self.tracer.llm
        self.request = self.tracer.request
        self.knobs = Knobs(self.tracer, self.losses, self.clock)
        self.knob = self.knobs.knob
        self.switch = self.knobs.switch
        self.forbid = self.knobs.forbid
        self.require = self.knobs.require
        self.evaluators = Evaluators(self, os.environ)
        self.evaluate = self.evaluators.evaluate
        self.said = self.evaluators.said
        self.reliefs = Reliefs(self.losses)
        self.relief = self.reliefs.add
        self._closed = False
        self._governing: Governing | None = None
        self._experience: Experience | None = None
        self._guarding: Begun | None = None
        self._attach: Callable[[AbstractEventLoop], None] | None = None
        self._event_loops: list[AbstractEventLoop] = []
        self._start()
        _living.add(self)

    def _start(self) -> None:
        self._runner = Runner(
            self.registry,
            self.tracer,
            self.losses,
            self.clock,
            self.settings.application,
            self.settings.flush_interval_s,
            self._open_sink(),
            owns_sink=self._store is None,
            start_collectors=self._start_collectors if self.settings.collect else None,
        )

    def _start_collectors(self) -> "Collectors":
        """Make and start the collectors: in the runner's thread, since it takes some 50 ms."""
        from homeostat.observe.catalogue import load_catalogue
        from homeostat.observe.collectors.machine import machine_collectors
        from homeostat.observe.collectors.runner import Collectors

        store = self._store
        disk = Path.cwd() if self.settings.endpoint else Path(self.settings.store_path()).parent
        made = machine_collectors(
            self.losses,
            disk if disk.is_dir() else Path.cwd(),
            None if store is None else lambda: store.read(SizeQuery()),
        )
        for loop in self._event_loops:
            made.event_loop.attach(loop)
        self._attach = made.event_loop.attach
        collectors = Collectors(
            made.all,
            self.registry,
            self.losses,
            load_catalogue(),
            self.clock,
            self.settings.application.attributes,
        )
        collectors.start()
        return collectors

    def _open_sink(self) -> Callable[[], Sink] | None:
        if not self.settings.keep:
            return None
        if self.settings.endpoint is not None:
            return self._open_exporter
        return self._open_store

    def _open_exporter(self) -> Sink:
        from homeostat.observe.export.otlp import OtlpExporter

        assert self.settings.endpoint is not None
        return OtlpExporter(self.settings.endpoint, self.settings.service, self.losses, self.settings.token)

    def _open_store(self) -> Sink:
        if self._store is not None:
            return self._store
        from homeostat.store.open import open_store

        return open_store(self.settings.store_path())

    def _key(self, attributes: dict[str, object]) -> dict[str, object]:
        return {**self._common, **attributes}

    def histogram(self, metric: str, unit: str = "", **attributes: object) -> Histogram:
        """Return a handle for values whose distribution matters. Hold it: resolving it costs 2 us."""
        handle = self.registry.recorder(metric, Kind.HISTOGRAM, unit, self._key(attributes)).handle
        assert isinstance(handle, Histogram)
        return handle

    def counter(self, metric: str, unit: str = "", **attributes: object) -> Counter:
        """Return a handle for increments."""
        handle = self.registry.recorder(metric, Kind.COUNTER, unit, self._key(attributes)).handle
        assert isinstance(handle, Counter)
        return handle

    def gauge(self, metric: str, unit: str = "", **attributes: object) -> Gauge:
        """Return a handle for a level."""
        handle = self.registry.recorder(metric, Kind.GAUGE, unit, self._key(attributes)).handle
        assert isinstance(handle, Gauge)
        return handle

    @property
    def knob_set(self) -> KnobSet:
        """All knobs of this application."""
        return self.knobs.set

    @property
    def writer(self) -> Writer | None:
        """The queue in front of the store or server; None where nothing is kept."""
        return self._runner.writer

    def snapshot(self, metric: str, **attributes: object) -> "Snapshot":
        """Return what is known of a metric now, over all of its series that have these attributes."""
        self._runner.tick()
        return self.registry.snapshot(metric, attributes)

    def watch_event_loop(self) -> None:
        """Measure the lag of the running asyncio loop from now on; once for each loop is enough."""
        from asyncio import get_running_loop

        loop = get_running_loop()
        if self._attach is not None:
            self._attach(loop)
        else:
            self._event_loops.append(loop)

    def not_available(self) -> dict[str, str]:
        """Return, for each metric that cannot be measured on this machine, why."""
        collectors = self._runner.collectors
        return collectors.not_available() if collectors is not None else {}

    def govern(self, policy: "Policy | str | Path") -> "Governing":
        """Let the loop run on the knobs of this application, by a policy or the file of one.

        Its ledger is kept in the store on this machine, through which pages and commands reach it as well
        (`homeostat ledger`, `homeostat mode`). Raises ConfigError where the policy makes no sense, where a
        loop runs already, or where nothing is kept.
        """
        if self._governing is not None:
            raise ConfigError("the loop of this application runs already; one policy at a time")
        if not self.settings.keep:
            raise ConfigError("a loop needs a store for its ledger: leave out keep=False")
        from homeostat.loop.experience import hearing
        from homeostat.loop.governing.governing import Governing
        from homeostat.loop.governing.kill_file import kill_file
        from homeostat.loop.policy.policy_file import load_policy
        from homeostat.store.open import open_store

        store, address = self._store, self.settings.store_path()
        self._governing = Governing(
            self.knobs.plant,
            load_policy(Path(policy)) if isinstance(policy, str | Path) else policy,
            self.settings.service,
            (lambda: store) if store is not None else (lambda: open_store(address)),
            store is None,
            kill_file(address if store is None else store, self.settings.service),
            self.clock,
            self.losses,
            registry=self.registry,
            reliefs=self.reliefs,
            hear=hearing(self, store).hear,
        )
        return self._governing

    def experience(self, *, track: tuple[str, ...] = (), keep_days: int = 0) -> "Experience":
        """Return what keeps and figures the experience of the application's people; the first call begins it.

        `track` declares what is kept of them, by default all of
        `homeostat.runtime.experience.declaration.TRACKED` but comments; nothing else is. They are kept as
        keyed hashes in the store on this machine, for `keep_days` (90). Raises ConfigError where that makes
        no sense, where it was begun otherwise, or where nothing is kept.
        """
        if self._experience is None:
            from homeostat.loop.experience import begin

            self._experience = begin(self, self._store, track, keep_days)
        elif track or keep_days:
            raise ConfigError("what is kept of people was declared already; declare it once, at the start")
        return self._experience

    def guarding(
        self,
        audience: "str | SafetyPolicy" = "",
        *,
        embedder: "Embedder | str" = "none",
        triggers: Sequence[str] = (),
        sample: float | None = None,
        keep_texts: bool = False,
    ) -> "Guarding":
        """Return the guard of the application at work: counted, reviewed, tried with canaries; begun once.

        `audience` is `child`, `teen`, `adult` (the default) or `clinical`, or a policy of your own;
        `embedder` an open one or a setting such as `minilm`. What is held, and a `sample` (0.002) of what
        is not, waits for people to judge, in the store on this machine: without its words, or encrypted
        with `keep_texts`. With `keep=False` there are no reviews. Raises ConfigError where it was begun
        otherwise, and what `Guard` raises.
        """
        given = bool(audience or triggers or keep_texts or sample is not None or embedder != "none")
        if self._guarding is None:
            from homeostat.loop.guarding import begin

            audience = audience or "adult"
            self._guarding = begin(self, self._store, audience, embedder, triggers, sample, keep_texts)
        elif given:
            raise ConfigError("guarding was begun already; say how once, at the start")
        return self._guarding.guarding

    def feedback(self, request_id: str = "", *, user: str | None = None, **measures: float) -> bool:
        """Say what a request came to after it has ended, by its id: `feedback(request_id, rating=7)`.

        It counts for the arms that the request had. With a `user` it is kept as what that person answered,
        too (`Experience.feedback`: `rating`, `thumbs`, `recommend`), and needs no request; one that another
        process served finds it through the store. False where the request is not known (those that were
        asked for `Operation.request_id`, the latest 50,000 of a day, in this process), or with a `user`
        where nothing of them is kept.
        """
        if user is None:
            return self.knobs.feedback(request_id, **measures)
        return self.experience().feedback(user, request_id=request_id, statements=(), comment="", **measures)

    def flush(self, timeout_s: float = CLOSE_TIMEOUT_S) -> bool:
        """Write all that was recorded; False if that takes longer than the time given."""
        return self._runner.flush(timeout_s)

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Flush and end the threads. What is recorded afterwards stays in this process."""
        if not self._closed:
            self._closed = True
            if self._experience is not None:
                self._experience.close()
            if self._guarding is not None:
                self._guarding.close()
            if self._governing is not None:
                self._governing.close(timeout_s)
            self.evaluators.close(timeout_s)
            self._runner.close(timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _after_fork(self) -> None:
        """Begin anew in a forked child: its copy of what the parent recorded is the parent's to write."""
        self.losses.renew_lock()
        self.registry.forget_buffered()
        self.tracer.forget_kept()
        self.knobs.forget()
        self.evaluators.forget()
        if self._runner.collectors is not None:
            self._runner.collectors.abandon()
        if not self._closed:
            self._start()
            if self._experience is not None:
                self._experience.after_fork()
            if self._guarding is not None:
                self._guarding.after_fork()
            if self._governing is not None:
                self._governing.after_fork()


_living: "weakref.WeakSet[Homeostat]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for living in list(_living):
        with guarded(living.losses, "fork"):
            living._after_fork()


def _at_exit() -> None:
    for living in list(_living):
        with guarded(living.losses, "exit"):
            living.close(2.0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
