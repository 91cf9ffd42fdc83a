"""Guarding: a guard whose work is counted, reviewed by people, and measured while nothing else is to do."""

import random
from collections.abc import Callable, Sequence
from copy import copy

from homeostat.core.guard import guarded
from homeostat.evaluate.language import COVERED, READ_MAX, language_of, primary
from homeostat.evaluate.safety.category import Action
from homeostat.evaluate.safety.guard import Guard, Stream
from homeostat.evaluate.safety.policy import Policy
from homeostat.evaluate.safety.verdict import Verdict
from homeostat.runtime.guarding.canary import Canary, canaries
from homeostat.runtime.guarding.figures import Accuracy
from homeostat.runtime.guarding.meter import Meter
from homeostat.runtime.guarding.reviews import NoReview, Review, Reviews, Said
from homeostat.runtime.guarding.watch import Watch, acted_on
from homeostat.runtime.host import Host

SAMPLE = 0.002
"""The share of texts let pass that people are shown, so that what slips through can be known."""

QUIET_NS = 200_000_000
"""Nothing was checked for so long: the application is idle."""

PASSED_OVER_MAX = 10
"""So many turns of the canaries give way to work before one is taken in spite of it."""


class Guarding:
    """A guard at work in an application. Safe for threads; no text makes it raise.

    What is held goes to `reviews`, where there are any, and a `sample` of what is let pass. `by_meaning` says
    that the guard has an embedder. A text's language is told by its words where it is not given; in one that
    the guard does not cover it is counted as `safety.not_covered`: that it passed says nothing.
    """

    def __init__(
        self,
        host: Host,
        guard: Guard,
        *,
        reviews: Reviews | None = None,
        sample: float = SAMPLE,
        by_meaning: bool = False,
        planted: Sequence[Canary] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.guard = guard
        self.reviews = reviews
        self._losses = host.losses
        self._sample = sample
        self._chance = chance
        self._meter = Meter(host)
        self._watch = Watch(host, guard, canaries() if planted is None else planted, by_meaning)
        self._passed_over = 0

    def avoiding(self, triggers: Sequence[str], policy: Policy | None = None) -> "Guarding":
        """Return the guarding of a person who asked to be spared these; it counts with this one."""
        theirs = copy(self)
        theirs.guard = self.guard.avoiding(triggers, policy)
        return theirs

    def check(self, text: str, *, person: str = "", place: str = "", language: str = "") -> Verdict:
        """Return what is to be done about a text. `place` names where it is shown, `reply` say."""
        with self._meter.checking():
            verdict = self.guard.check(text)
        self._note(verdict, text, person, place, language)
        return verdict

    def stream(self, *, person: str = "", place: str = "", language: str = "") -> "GuardedStream":
        """Return what checks one text as it is written; it counts when it is closed."""

        def ended(verdict: Verdict, text: str) -> None:
            self._note(verdict, text, person, place, language)

        kept = READ_MAX if self.reviews is None else max(READ_MAX, self.reviews.text_max)
        return GuardedStream(self.guard.stream(), self._meter, kept, ended)

    def probe(self, count: int = 1) -> bool:
        """Try canaries if nothing was checked just now; False where work came first, ten times at most."""
        if self._meter.quiet_ns() < QUIET_NS and self._passed_over < PASSED_OVER_MAX:
            self._passed_over += 1
            return False
        self._passed_over = 0
        self._watch.probe(count)
        return True

    @property
    def watched(self) -> bool:
        """Whether each canary was tried at least once."""
        return self._watch.whole

    def measure(self) -> Accuracy:
        """Try all canaries now, and return the figures."""
        self._watch.run()
        return self.accuracy()

    def accuracy(self) -> Accuracy:
        """Return what is known now, of canaries and of what people said."""
        return self._watch.accuracy(self.reviews.figures() if self.reviews is not None else ())

    def decide(self, id: str, said: Said, by: str = "") -> Review:
        """Keep what somebody says of a review. Raises InputError where there is none."""
        if self.reviews is None:
            raise NoReview("no reviews are kept here: guarding was begun without a store")
        decided = self.reviews.decide(id, said, by)
        self._meter.reviewed(said.verdict, decided.held)
        return decided

    def forget(self, person: str) -> int:
        """Forget what is kept of a person; return how many reviews that were."""
        return self.reviews.forget(person) if self.reviews is not None else 0

    def after_fork(self) -> None:
        """Begin anew in a forked child, where a lock may be held by a thread of the parent's."""
        self._watch.renew_lock()
        if self.reviews is not None:
            self.reviews.renew_lock()

    def _note(self, verdict: Verdict, text: str, person: str, place: str, language: str) -> None:
        acted = acted_on(verdict, self.guard.policy)
        self._meter.checked(verdict, acted)
        language = primary(language) or language_of(text)
        if language not in COVERED:
            self._meter.not_covered(language)
        if self.reviews is None:
            return
        held = verdict.action is not Action.ALLOW
        if not held and self._chance() >= self._sample:
            return
        worst = max(verdict.findings, key=lambda finding: finding.severity, default=None)
        review = Review(
            id="",
            at_ns=0,
            person="",
            place=place,
            action=verdict.action,
            held=held,
            category=None if worst is None else worst.category,
            severity=verdict.worst,
            start=0 if worst is None else worst.start,
            end=0 if worst is None else worst.end,
            language=language,
        )
        with guarded(self._losses, "guarding.reviews"):
            self.reviews.put(review, person, text)


class GuardedStream:
    """A stream of the guard that counts as one check, with the time that it took in all."""

    def __init__(
        self, stream: Stream, meter: Meter, text_max: int, ended: Callable[[Verdict, str], None]
    ) -> None:
        self._stream = stream
        self._meter = meter
        self._text_max = text_max
        self._ended = ended
        self._text = ""
        self._took_ns = 0
        self._closed = False

    @property
    def stopped(self) -> bool:
        """Whether the text was ended: nothing more of it will be shown."""
        return self._stream.stopped

    def feed(self, piece: str) -> str:
        """Take the next piece, and return what may be shown now."""
        if len(self._text) < self._text_max:
            self._text += piece[: self._text_max - len(self._text)]
        return self._timed(piece, False)

    def close(self) -> str:
        """Return what may be shown of the rest; it counts now. Closing again changes nothing."""
        if self._closed:
            return ""
        self._closed = True
        shown = self._timed("", True)
        self._meter.took(self._took_ns)
        self._ended(self._stream.verdict(), self._text)
        return shown

    def verdict(self) -> Verdict:
        """Return what holds of all sentences that have ended."""
        return self._stream.verdict()

    def _timed(self, piece: str, last: bool) -> str:
        begun_ns = self._meter.now_ns()
        shown = self._stream.feed(piece, last)
        self._took_ns += self._meter.now_ns() - begun_ns
        return shown
