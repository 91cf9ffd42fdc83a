"""The change desk: follows the essential variables of a store and writes down the changes that it notices."""

import threading
from collections.abc import Mapping
from time import thread_time

from homeostat.app.findings.notebook import (
    NOTICED,
    NOTICED_MAX,
    followed_records,
    noticed_record,
    read_followed,
)
from homeostat.core.batch import Batch
from homeostat.core.clock import HOUR_NS, MINUTE_NS, Clock
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.core.metric import Metric
from homeostat.core.query import Frame, FrameQuery, RecordsQuery, Store
from homeostat.core.record import Record
from homeostat.core.series import SeriesKey
from homeostat.judge.findings.change_watch import FOLLOWED_MAX, STEP_NS, ChangeWatch
from homeostat.judge.findings.noticed import Noticed, noticed
from homeostat.judge.views.candidate import OWN_SERVICE, RESOURCE_GROUPS, is_essential
from homeostat.judge.views.error_types import frames_of_all_types

INTERVAL_S = 5.0

REST = 49.0
"""A look is followed by so many times its own processor time of rest: a fiftieth of a core at most."""

LOOK_BACK_NS = 5 * MINUTE_NS
"""What is read at each look: points that come later than that are not seen."""

CATCH_UP_NS = 6 * HOUR_NS
"""What is made up for after a restart at most."""

READ_NS = 10 * MINUTE_NS
"""What is read at once while catching up."""

KEEP_EVERY_NS = HOUR_NS
"""How often the state of the monitors is kept; what came since is read again after a crash."""


class ChangeDesk:
    """Notices lasting changes of the essential variables while the values come in.

    State and findings live in the store. After a restart the monitors go on from their last state with the
    points that the store holds since, so that none is missed and none is told twice. A look that
    fails changes nothing in the store.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        losses: Losses,
        metrics: Mapping[str, Metric],
        interval_s: float = INTERVAL_S,
        followed_max: int = FOLLOWED_MAX,
    ) -> None:
        self._store = store
        self._clock = clock
        self._losses = losses
        self._metrics = metrics
        self._interval_s = interval_s
        self._followed_max = followed_max
        self._watch: ChangeWatch | None = None
        self._kept_ns = 0
        self._refused = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="homeostat-changes", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """End, and keep what is known."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
        with guarded(self._losses, "changes"):
            self.keep()

    def _run(self) -> None:
        while not self._stop.is_set():
            began_s = thread_time()
            with guarded(self._losses, "changes"):
                self.look()
            if self._stop.wait(max(self._interval_s, REST * (thread_time() - began_s))):
                return

    def look(self) -> tuple[Noticed, ...]:
        """Take what is new in the store; return what is noticed."""
        with self._lock:
            now_ns = self._clock.now_ns()
            if self._watch is None:
                self._watch = ChangeWatch(read_followed(self._store), self._followed_max)
                self._kept_ns = now_ns
            watch = self._watch
            found = []
            start_ns = watch.since_ns(now_ns - CATCH_UP_NS, now_ns - LOOK_BACK_NS) // STEP_NS * STEP_NS
            while start_ns < now_ns and not self._stop.is_set():
                end_ns = min(start_ns + READ_NS, now_ns)
                found += watch.take(self._frames(start_ns, end_ns), end_ns)
                start_ns = end_ns - LOOK_BACK_NS if end_ns < now_ns else end_ns
            self._count_refused(watch.refused)
            told = tuple(n for f in found if (n := noticed(f, self._metrics)) is not None)
            if told:
                self._store.write(Batch(records=(*map(noticed_record, told), *self._oldest(len(told)))))
        if now_ns - self._kept_ns >= KEEP_EVERY_NS:
            self.keep()
        return told

    def keep(self) -> None:
        """Write the state of all monitors."""
        with self._lock:
            if self._watch is None:
                return
            self._kept_ns = self._clock.now_ns()
            records = followed_records(self._watch.states(), self._kept_ns)
            if records:
                self._store.write(Batch(records=tuple(records)))

    def _frames(self, start_ns: int, end_ns: int) -> dict[SeriesKey, Frame]:
        read = self._store.read(FrameQuery(start_ns, end_ns, STEP_NS))
        wanted = {
            key: frame
            for key, frame in read.items()
            if key.get("service") != OWN_SERVICE
            and is_essential(key, self._metrics.get(key.metric), RESOURCE_GROUPS)
        }
        return frames_of_all_types(wanted)

    def _count_refused(self, refused: int) -> None:
        if refused > self._refused:
            self._losses.add("findings.series_over_limit", refused - self._refused)
        self._refused = refused

    def _oldest(self, more: int) -> list[Record]:
        """What has to go to make room."""
        kept = self._store.read(RecordsQuery(NOTICED, limit=NOTICED_MAX + more))
        dropped = kept[NOTICED_MAX - more :] if len(kept) + more > NOTICED_MAX else ()
        if dropped:
            self._losses.add("findings.noticed_over_limit", len(dropped))
        return [Record(NOTICED, r.key, 0, b"") for r in dropped]
