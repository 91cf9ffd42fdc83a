"""The searches: what was found in each window when it was last looked for, and looking again behind."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import HomeostatError
from homeostat.core.finding import Finding
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.judge.findings.subject import Subject
from homeostat.judge.views.window import Window

EVERY_NS = 30 * SECOND_NS
STOP_S = 2.0

Read = Callable[[Window], Sequence[Subject]]
Search = Callable[[Sequence[Subject]], tuple[Finding, ...]]


@dataclass(frozen=True, slots=True)
class Searched:
    """What is known of a window. `searched_ns` is when it was looked at, None before the first time.

    `failure` says why the last search came to nothing; what an earlier one found stays.
    """

    findings: tuple[Finding, ...] = ()
    searched_ns: int | None = None
    searching: bool = False
    failure: str = ""


class Searches:
    """Looks for findings in windows that somebody looks at, each at most once in `every_ns`.

    Any thread may ask. One thread searches, one window after the other; it ends when none is due.
    """

    def __init__(
        self, read: Read, search: Search, clock: Clock, losses: Losses, every_ns: int = EVERY_NS
    ) -> None:
        self._read = read
        self._search = search
        self._clock = clock
        self._losses = losses
        self._every_ns = every_ns
        self._changed = threading.Condition()
        self._known: dict[str, Searched] = {}
        self._tried_ns: dict[str, int] = {}
        self._due: deque[Window] = deque()
        self._thread: threading.Thread | None = None
        self._closed = False

    def known(self, window: Window) -> Searched:
        """Return what is known; where that is old, looking again begins behind."""
        with self._changed:
            found = self._known.get(window.name, Searched())
            tried_ns = self._tried_ns.get(window.name)
            fresh = tried_ns is not None and self._clock.monotonic_ns() < tried_ns + self._every_ns
            if found.searching or fresh or self._closed:
                return found
            found = self._known[window.name] = replace(found, searching=True)
            self._due.append(window)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="homeostat-findings", daemon=True)
                self._thread.start()
            return found

    def newest(self, window: Window, timeout_s: float) -> Searched:
        """Return what is known once no search of this window is under way, or after a time."""
        self.known(window)
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or not self._known.get(window.name, Searched()).searching, timeout_s
            )
            return self._known.get(window.name, Searched())

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed or not self._due:
                    self._thread = None
                    return
                window = self._due.popleft()
                before = self._known[window.name]
            after = replace(before, searching=False, failure="the search failed; see the log of the server")
            with guarded(self._losses, "findings"):
                after = self._searched(window, before)
            with self._changed:
                self._known[window.name] = after
                self._tried_ns[window.name] = self._clock.monotonic_ns()
                self._changed.notify_all()

    def _searched(self, window: Window, before: Searched) -> Searched:
        try:
            subjects = self._read(window)
            found = self._search(subjects) if subjects else ()
        except HomeostatError as error:
            if not self._closed:
                self._losses.add("findings.not_searched")
            return replace(before, searching=False, failure=str(error))
        return Searched(found, window.now_ns)

    def close(self) -> None:
        """Begin nothing any more, and wait a moment for what is under way."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(STOP_S)
