"""The watch: what became of each canary when it was last tried, as figures."""

from collections import Counter
from collections.abc import Iterable, Sequence
from threading import Lock

from homeostat.evaluate.language import COVERED
from homeostat.evaluate.safety.category import Action, Category
from homeostat.evaluate.safety.guard import Guard
from homeostat.evaluate.safety.policy import Policy
from homeostat.evaluate.safety.verdict import Verdict
from homeostat.runtime.guarding.canary import Canary
from homeostat.runtime.guarding.figures import Accuracy, Detection, FalseAlarms, NotCovered, Reviewed, fixed
from homeostat.runtime.host import Host

ALL = "all"


class Watch:
    """Tries canaries on a guard, one after the other, and records how it fares. Safe for threads."""

    def __init__(self, host: Host, guard: Guard, planted: Sequence[Canary], by_meaning: bool) -> None:
        self._host = host
        self._guard = guard
        self._by_meaning = by_meaning
        self._planted = [one for one in planted if one.expected(guard.policy) is not None]
        self._held: dict[int, frozenset[Category]] = {}
        self._right: dict[int, bool] = {}
        self._next = 0
        self._lock = Lock()
        self._tried = {
            outcome: host.counter("safety.canaries", "1", outcome=outcome)
            for outcome in ("right", "wrong", "not_covered")
        }

    def renew_lock(self) -> None:
        """Begin anew in a forked child."""
        self._lock = Lock()

    @property
    def whole(self) -> bool:
        """Whether each canary was tried at least once."""
        return len(self._right) == len(self._planted)

    def probe(self, count: int = 1) -> None:
        """Try the next canaries, after the last the first again, and record the figures once all were tried.

        From then on each time: a round takes longer than the stretch of time in which they are looked for.
        """
        for _ in range(count):
            with self._lock:
                canary, self._next = self._planted[self._next], (self._next + 1) % len(self._planted)
            self._try(canary)
        if self.whole:
            self._record()

    def run(self) -> None:
        """Try all of them."""
        self.probe(len(self._planted) - self._next)
        if not self.whole:
            self.probe(len(self._planted))

    def accuracy(self, reviewed: tuple[Reviewed, ...] = ()) -> Accuracy:
        """Return the figures of the canaries that were tried so far."""
        with self._lock:
            right, held = dict(self._right), dict(self._held)
        tried = [one for one in self._planted if one.number in right]
        harmful = [one for one in tried if not one.trigger and one.category is not None]
        innocent = [one for one in tried if one.category is None and one.language in COVERED]
        unread = Counter(one.language for one in tried if not _tells(one))

        def share(some: Iterable[Canary]) -> list[bool]:
            return [right[one.number] for one in some]

        return Accuracy(
            audience=self._guard.policy.audience,
            by_meaning=self._by_meaning,
            tried=len(tried),
            whole=len(tried) == len(self._planted),
            filter=fixed(share([*harmful, *innocent])),
            detection=tuple(
                Detection(
                    category,
                    language,
                    fixed(share(some)),
                    fixed(not hit for hit in share(some)),
                )
                for (category, language), some in _grouped(harmful)
            ),
            false_alarms=tuple(_false_alarms(innocent, held)),
            trigger_named=fixed(share(one for one in tried if one.trigger and one.named)),
            trigger_meant=fixed(share(one for one in tried if one.trigger and not one.named)),
            not_covered=tuple(NotCovered(language, n) for language, n in sorted(unread.items())),
            reviewed=reviewed,
        )

    def _try(self, canary: Canary) -> None:
        guard = self._guard.avoiding([canary.trigger]) if canary.trigger else self._guard
        verdict = guard.check(canary.text)
        held = acted_on(verdict, guard.policy)
        right = Category.TRIGGER in held if canary.trigger else bool(held) == canary.expected(guard.policy)
        with self._lock:
            self._held[canary.number] = frozenset(held)
            self._right[canary.number] = right
        self._tried[("right" if right else "wrong") if _tells(canary) else "not_covered"].add(1)

    def _record(self) -> None:
        found, host = self.accuracy(), self._host
        if found.filter.value is not None:
            host.gauge("safety.filter_accuracy", "ratio").set(found.filter.value)
        for one in found.detection:
            if one.detected.value is not None:
                host.gauge("safety.detection", "ratio", category=one.category, language=one.language).set(
                    one.detected.value
                )
        for alarm in found.false_alarms:
            if alarm.held.value is not None:
                host.gauge(
                    "safety.false_positives", "ratio", category=alarm.category, language=alarm.language
                ).set(alarm.held.value)
        for how, share in (("named", found.trigger_named), ("meant", found.trigger_meant)):
            if share.value is not None:
                host.gauge("safety.trigger_prevention", "ratio", how=how).set(share.value)


def acted_on(verdict: Verdict, policy: Policy) -> dict[Category, Action]:
    """Return the categories because of which something was done, each with what its worst asks for."""
    actions = {category: policy.action(category, worst) for category, worst in verdict.severity.items()}
    return {category: action for category, action in actions.items() if action is not Action.ALLOW}


def _tells(canary: Canary) -> bool:
    """Whether what becomes of a canary says something: that what cannot be read is let pass does not."""
    return canary.category is not None or canary.language in COVERED


def _grouped(some: Iterable[Canary]) -> list[tuple[tuple[str, str], list[Canary]]]:
    groups: dict[tuple[str, str], list[Canary]] = {}
    for one in some:
        groups.setdefault((one.category or ALL, one.language), []).append(one)
    return sorted(groups.items())


def _false_alarms(innocent: list[Canary], held: dict[int, frozenset[Category]]) -> Iterable[FalseAlarms]:
    for (_, language), some in _grouped(innocent):
        yield FalseAlarms(ALL, language, fixed(bool(held[one.number]) for one in some))
        for category in sorted({category for one in some for category in held[one.number]}):
            yield FalseAlarms(category, language, fixed(category in held[one.number] for one in some))
