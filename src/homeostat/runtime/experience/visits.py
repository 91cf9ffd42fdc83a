"""The open visits: who is here now, until half an hour passes without an interaction."""

from collections import OrderedDict
from itertools import islice
from threading import Lock

from homeostat.core.clock import MINUTE_NS, Clock
from homeostat.core.losses import Losses
from homeostat.evaluate.experience.events import Visit
from homeostat.runtime.experience.book import Book

GAP_NS = 30 * MINUTE_NS
"""A longer silence ends a visit, as in web analytics."""

KEEP_EVERY_NS = MINUTE_NS
"""How often a visit that goes on is written: a `kill -9` loses the interactions since."""

ENDED_AT_ONCE = 4
"""Visits of silent people that an interaction ends: more than it begins, and few, since somebody waits."""

OPEN_MAX = 20_000
FEATURES_MAX = 64
"""Features of an application; further ones are not told apart, and counted."""


class _Open:
    __slots__ = ("features", "interactions", "kept_ns", "key", "last_ns", "start_ns", "unkept")

    def __init__(self, now_ns: int, key: str) -> None:
        self.start_ns = self.last_ns = now_ns
        self.kept_ns = 0
        self.key = key
        self.interactions = 0
        self.unkept = False
        self.features: dict[str, int] = {}


class Visits:
    """Follows visits and keeps them in a book. Safe for threads. Cost: 1 us an interaction."""

    def __init__(self, book: Book, clock: Clock, losses: Losses) -> None:
        self._book = book
        self._clock = clock
        self._losses = losses
        self._lock = Lock()
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._features: set[str] = set()

    def interaction(self, person: str, feature: str) -> tuple[bool, str]:
        """Count one; tell whether a visit began with it, and the feature as it was counted."""
        now_ns = self._clock.now_ns()
        with self._lock:
            self._end_silent(now_ns)
            visit = self._open.get(person)
            began = visit is None or now_ns - visit.last_ns > GAP_NS
            if visit is None or began:
                self._end(person)
                visit = self._open[person] = _Open(now_ns, self._book.unique())
            self._open.move_to_end(person)
            visit.last_ns = max(now_ns, visit.last_ns)
            visit.interactions += 1
            visit.unkept = True
            if feature:
                feature = self._known(feature)
                visit.features[feature] = visit.features.get(feature, 0) + 1
            if now_ns - visit.kept_ns >= KEEP_EVERY_NS:
                self._keep(person, visit)
            if len(self._open) > OPEN_MAX:
                self._end(next(iter(self._open)))
        return began, feature

    def end(self, person: str) -> None:
        """End a person's visit, and keep it."""
        with self._lock:
            self._end(person)

    def forget(self, person: str) -> None:
        """Let a person's visit go, unkept."""
        with self._lock:
            self._open.pop(person, None)

    def close(self) -> None:
        """Keep all visits."""
        with self._lock:
            for person in list(self._open):
                self._end(person)

    def _known(self, feature: str) -> str:
        if feature not in self._features:
            if len(self._features) >= FEATURES_MAX:
                self._losses.add("experience.features_over_limit")
                return "other"
            self._features.add(feature)
        return feature

    def _end_silent(self, now_ns: int) -> None:
        """End some visits of those who were silent for too long: they come first."""
        for person in list(islice(self._open, ENDED_AT_ONCE)):
            if now_ns - self._open[person].last_ns > GAP_NS:
                self._end(person)

    def _end(self, person: str) -> None:
        visit = self._open.pop(person, None)
        if visit is not None and visit.unkept:
            self._keep(person, visit)

    def _keep(self, person: str, visit: _Open) -> None:
        visit.kept_ns = visit.last_ns
        visit.unkept = False
        kept = Visit(
            person=person,
            at_ns=visit.start_ns,
            last_ns=visit.last_ns,
            interactions=visit.interactions,
            features=dict(visit.features),
        )
        self._book.put(kept, visit.key)
