"""The meter: what guarding does, as metrics."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from homeostat.evaluate.safety.category import Action, Category
from homeostat.evaluate.safety.verdict import Verdict
from homeostat.observe.recorder import Counter
from homeostat.runtime.host import Host

US_NS = 1_000


class Meter:
    """Records `safety.*`. Safe for threads."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.now_ns = host.clock.monotonic_ns
        self._checks = {action: host.counter("safety.checks", "1", action=action) for action in Action}
        self._incomplete = host.counter("safety.incomplete", "1")
        self._duration_us = host.histogram("safety.check.duration", "us")
        self._acted: dict[tuple[Category, Action], Counter] = {}
        self._not_covered: dict[str, Counter] = {}
        self._last_ns = self.now_ns()

    def quiet_ns(self) -> int:
        """Return for how long nothing was checked."""
        return self.now_ns() - self._last_ns

    @contextmanager
    def checking(self) -> Iterator[None]:
        """Measure a check."""
        begun_ns = self.now_ns()
        yield
        self.took(self.now_ns() - begun_ns)

    def took(self, ns: int) -> None:
        """Record how long a check took in all."""
        self._duration_us.record(ns / US_NS)
        self._last_ns = self.now_ns()

    def checked(self, verdict: Verdict, acted: Mapping[Category, Action]) -> None:
        """Count a check, and each category because of which something was done."""
        self._checks[verdict.action].add(1)
        if not verdict.complete:
            self._incomplete.add(1)
        for key in acted.items():
            counter = self._acted.get(key)
            if counter is None:
                category, action = key
                counter = self._host.counter("safety.actions", "1", category=category, action=action)
                self._acted[key] = counter
            counter.add(1)

    def not_covered(self, language: str) -> None:
        """Count a text in a language in which harm is not judged."""
        counter = self._not_covered.get(language)
        if counter is None:
            counter = self._host.counter("safety.not_covered", "1", language=language)
            self._not_covered[language] = counter
        counter.add(1)

    def reviewed(self, verdict: str, held: bool) -> None:
        """Count what somebody said of a review."""
        self._host.counter("safety.reviews", "1", verdict=verdict, held="yes" if held else "no").add(1)
