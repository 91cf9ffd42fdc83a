"""The loop views: what the pages and the API show of loops. No HTML here."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

from homeostat.app.loops.loop_desk import LoopDesk
from homeostat.app.web.hormones import HormoneRow, hormone_rows
from homeostat.app.web.ledger_rows import OUTCOMES, LedgerRow, ended_trials, ledger_row, occurrence
from homeostat.app.web.ledgers import Ledgers, ReadLedger
from homeostat.app.web.memo import Memo
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import InputError
from homeostat.core.losses import Losses
from homeostat.core.query import FrameQuery, Store
from homeostat.judge.views.event import Event
from homeostat.judge.views.window import Window
from homeostat.loop.governing.published import Published
from homeostat.prove.ledger.entry import LedgerEntry

LOOPS_NS = SECOND_NS // 2
HORMONE = "loop.hormone"
TRYING_TOLD = 2


class NoLoop(InputError):
    """There is no loop of the service that was asked for."""


@dataclass(frozen=True, slots=True)
class LoopState:
    """A loop as it published itself last, and whether it runs now."""

    loop: Published
    alive: bool


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Rows of a ledger, the newest first, from row `offset` on out of `total`."""

    service: str
    total: int
    head: str
    broken: str | None
    offset: int
    rows: tuple[LedgerRow, ...]


class LoopViews:
    """Answers what the surfaces ask about loops, sharing each answer for a moment. Any thread may ask."""

    def __init__(self, store: Store, clock: Clock, losses: Losses, memo: Memo) -> None:
        self._store = store
        self._memo = memo
        self._ledgers = Ledgers(store, clock)
        self.desk = LoopDesk(store, clock, losses)

    def loops(self) -> dict[str, LoopState]:
        """Return the loops that were seen within a day, those that run first, by service."""

        def work() -> dict[str, LoopState]:
            found = [LoopState(loop, self.desk.alive(loop)) for loop in self.desk.loops().values()]
            return {s.loop.service: s for s in sorted(found, key=lambda s: (not s.alive, s.loop.service))}

        return self._memo.get("loops", LOOPS_NS, work)

    def forget(self) -> None:
        """Look at the loops anew when they are asked for next: they have just obeyed."""
        self._memo.forget("loops")

    def loop(self, service: str = "") -> LoopState | None:
        """Return the loop of a service, the first where none is named; None where there is no loop at all.

        Raises NoLoop for a service that has none.
        """
        found = self.loops()
        if service and service not in found:
            there = f"there are: {', '.join(sorted(found))}" if found else "none has run within a day"
            raise NoLoop(f"there is no loop of {service[:200]!r}; {there}")
        return found[service] if service else next(iter(found.values()), None)

    def trying(self) -> str:
        """Return what is being tried now, as a sentence that follows another; empty for nothing."""
        running = [t for s in self.loops().values() if s.alive for t in s.loop.trials if not t.held]
        told = "; ".join(f"{t.what}, {t.decided:.0%} decided" for t in running[:TRYING_TOLD])
        more = f"; and {len(running) - TRYING_TOLD} more" if len(running) > TRYING_TOLD else ""
        return f"Trying: {told}{more}." if running else ""

    def ledger(self, service: str) -> ReadLedger:
        """Return the whole ledger of a service with its hashes checked."""
        return self._ledgers.read(service)

    def page(self, service: str, offset: int, limit: int) -> LedgerPage:
        """Return one page of a ledger, the newest entries first."""
        read = self.ledger(service)
        entries = read.ledger.entries[::-1][offset : offset + limit]
        ended = ended_trials(read.ledger)
        rows = tuple(ledger_row(entry, read.ledger, service, ended) for entry in entries)
        return LedgerPage(service, len(read.ledger.entries), read.ledger.head, read.broken, offset, rows)

    def entries(self, service: str, after: int | None, limit: int) -> tuple[LedgerEntry, ...]:
        """Return entries in order of their numbers: those after one, else the newest."""
        found = self.ledger(service).ledger.entries
        if after is None:
            return found[-limit:] if limit else ()
        return tuple(entry for entry in found if entry.number > after)[:limit]

    def recent(self, limit: int) -> tuple[LedgerRow, ...]:
        """Return the newest outcomes of all loops."""
        found = []
        for service in self.loops():
            ledger = self.ledger(service).ledger
            outcomes = (e for e in reversed(ledger.entries) if e.note.kind in OUTCOMES)
            found += [(entry, ledger, service) for entry in islice(outcomes, limit)]
        found.sort(key=lambda one: -one[0].time_ns)
        rows = [ledger_row(*one) for one in found[:limit]]
        alive = {service for service, state in self.loops().items() if state.alive}
        return tuple(replace(row, undoable=row.undoable and row.service in alive) for row in rows)

    def last(self, service: str) -> int:
        """Return the number of the newest entry, 0 where there is none."""
        newest = self.ledger(service).ledger.last
        return newest.number if newest else 0

    def events(self, window: Window) -> Iterable[Event]:
        """Return what was kept and what was taken back within a window."""
        several = len(self.loops()) > 1
        for service in self.loops():
            link = f"/experiments?service={service}" if several else "/experiments"
            for entry in reversed(self.ledger(service).ledger.entries):
                if entry.time_ns < window.start_ns:
                    break
                found = occurrence(entry, link)
                if found is not None:
                    yield found

    def hormones(self, window: Window, state: LoopState) -> tuple[HormoneRow, ...]:
        """Return the five levels of a loop over a window, and what each does now."""
        loop = state.loop
        query = FrameQuery(
            window.start_ns, window.end_ns, window.level_ns, HORMONE, {"service": loop.service}
        )

        def work() -> tuple[HormoneRow, ...]:
            frames = {key.get("hormone"): frame for key, frame in self._store.read(query).items()}
            return hormone_rows(loop.hormones, frames, window)

        return self._memo.get(("hormones", loop.service, window.name), SECOND_NS - 1, work)
