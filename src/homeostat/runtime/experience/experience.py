"""The experience of an application's people: what they do and say goes in, figures come out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

import msgspec

from homeostat.core.clock import DAY_NS, SECOND_NS
from homeostat.core.errors import ConfigError, InputError, StoreCorrupt
from homeostat.core.guard import guarded
from homeostat.evaluate.experience.events import Answer, Asked, Choice, Comment, Offer, Visit
from homeostat.evaluate.experience.instruments import INSTRUMENTS, checked
from homeostat.evaluate.experience.summary import Events, Summary, summary
from homeostat.evaluate.experience.tasks import Attempt
from homeostat.evaluate.experience.usability import usability_score
from homeostat.runtime.experience.book import Book, Offered, Reading
from homeostat.runtime.experience.declaration import Declaration
from homeostat.runtime.experience.measures import Measures
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.runtime.experience.sealing import Sealing
from homeostat.runtime.experience.task import Task
from homeostat.runtime.experience.visits import Visits
from homeostat.runtime.host import Host

DECLARED = "experience"
"""The kind of record that a declaration is published as, by service."""

SERVICES_MAX = 200
NAME_MAX = 64
TASKS_MAX = 64
"""Tasks, preferences and adaptations of an application, each; a name beyond is refused."""

COMMENT_MAX = 1_000
"""Characters of a comment."""

OUT_BELIEVED_NS = 10 * SECOND_NS
"""For how long it is believed who opted out elsewhere; figures never count them."""

DAYS = 30


class Experience:
    """What is kept of the people of one application, as it is declared; and the figures of it.

    `user` is how the application knows somebody: only a keyed hash of it leaves this object. Nothing is kept
    of who opted out. Safe for threads. Raises ConfigError where what is not declared is to be tracked.
    """

    def __init__(
        self,
        host: Host,
        declaration: Declaration,
        offer: Offered,
        store: Reading,
        pseudonyms: Pseudonyms,
        ended: Callable[[], None] | None = None,
    ) -> None:
        """Begin; events go to `offer`, a queue in front of the `store` from which they are read.

        `ended` is called at the end, to let go of the store.
        """
        self.declaration = declaration.checked()
        self._host = host
        self._clock = host.clock
        self._pseudonyms = pseudonyms
        self._ended_with = ended
        self._book = Book(declaration.service, offer, store, host.clock, host.losses, declaration.keep_days)
        self._visits = Visits(self._book, host.clock, host.losses)
        self._measures = Measures(host, declaration.service)
        self._track = frozenset(declaration.track)
        seals = "comments" in self._track
        self._sealing = Sealing(pseudonyms.key_for("comments")) if seals else None
        self._names: dict[str, set[str]] = {"task": set(), "preference": set(), "adaptation": set()}
        self._lock = Lock()
        self._out: frozenset[str] = frozenset()
        self._leaving: set[str] = set()
        self._out_ns: int | None = None

    def declare(self) -> None:
        """Publish the declaration, so that pages and other servers know it."""
        self._book.publish(DECLARED, msgspec.json.encode(self.declaration))

    def interaction(self, user: str, feature: str = "") -> None:
        """Somebody did something, with a feature if it is named. Half an hour without ends a session."""
        self._needs("sessions")
        if not user:
            raise ConfigError("an interaction needs a user: a session is somebody's")
        if feature:
            self._needs("features")
            _named("feature", feature)
        person = self._person(user)
        if person is None:
            return
        began, feature = self._visits.interaction(person, feature)
        if began:
            self._measures.session()
        self._measures.interaction(feature)

    @contextmanager
    def session(self, user: str) -> Iterator[None]:
        """Have a session last as long as a block, such as a connection."""
        self.interaction(user)
        try:
            yield
        finally:
            self._visits.end(self._pseudonyms.person(user))

    def task(self, name: str, user: str) -> Task:
        """Return a try at a task, to be used as a context."""
        self._needs("tasks")
        self._known("task", name)
        return Task(self._person(user) or "", name, self._clock, self._ended)

    def _ended(self, attempt: Attempt) -> None:
        if attempt.person and attempt.person not in self._who_is_out():
            self._measures.attempt(attempt)
            self._book.put(attempt, self._book.unique())

    def asked(self, user: str, *instruments: str) -> bool:
        """Somebody was asked, so that it is known which share answers; False where it was not kept."""
        self._needs("feedback")
        for name in instruments:
            if name not in INSTRUMENTS:
                raise InputError(f"{name[:40]!r} is no instrument; use one of {', '.join(INSTRUMENTS)}")
        person = self._person(user)
        if person is None:
            return False
        now_ns = self._clock.now_ns()
        kept = True
        for name in instruments:
            event = Asked(person=person, at_ns=now_ns, instrument=name)
            kept = self._book.put(event, f"{name}.{now_ns // DAY_NS:x}") and kept
        return kept

    def feedback(
        self,
        user: str = "",
        *,
        request_id: str = "",
        statements: Sequence[int] = (),
        comment: str = "",
        **answers: float,
    ) -> bool:
        """Keep what somebody answered: `rating` 1 to 10, `thumbs` 0 or 1, `recommend` 0 to 10, and the ten
        `statements` of usability, 1 to 5 each.

        Answered again about the same request, or without one on the same day, it replaces the answer before.
        A `comment` is kept encrypted, where comments are declared. With a `request_id` answers are also what
        that request came to, for the arms that it had (`hs.feedback`). Where another process of the service
        served it, that one finds them in the store within seconds, if its loop runs.

        False where it was not kept: the person opted out, or there is no room. Raises InputError.
        """
        self._needs("feedback")
        if statements:
            answers["usability"] = usability_score(statements)
        if comment:
            self._needs("comments")
        if len(comment) > COMMENT_MAX:
            raise InputError(f"a comment has at most {COMMENT_MAX} characters, not {len(comment)}")
        if not answers and not comment:
            raise InputError(f"feedback needs an answer to one of {', '.join(INSTRUMENTS)}")
        taken = {name: checked(name, value) for name, value in answers.items()}
        person = self._person(user)
        if person is None:
            return False
        now_ns = self._clock.now_ns()
        if request_id:
            self._host.tracer.requests.feedback(request_id, taken, at_ns=now_ns)
        about = self._pseudonyms.request(request_id) if request_id else f"{now_ns // DAY_NS:x}"
        kept = True
        for name, value in taken.items():
            self._measures.answer(name, value)
            event = Answer(person=person, at_ns=now_ns, instrument=name, value=value)
            kept = self._book.put(event, f"{name}.{about}") and kept
        if comment and self._sealing is not None:
            sealed = Comment(person=person, at_ns=now_ns, sealed=self._sealing.seal(comment, person))
            kept = self._book.put(sealed, f"comment.{about}") and kept
        return kept

    def comments(self, limit: int = 100) -> list[tuple[int, str]]:
        """Return the newest comments, each with its time, without whose they are.

        Those sealed under another key are left out and counted. Raises ConfigError, and StoreCorrupt where
        none opens.
        """
        self._needs("comments")
        opened = []
        sealed = None
        for comment in self._book.all(Comment).events[:limit]:
            try:
                opened.append((comment.at_ns, self._opened(comment)))
            except StoreCorrupt as error:
                self._host.losses.add("experience.comment_sealed")
                sealed = error
        if sealed is not None and not opened:
            raise sealed
        return opened

    def _opened(self, comment: Comment) -> str:
        return "" if self._sealing is None else self._sealing.open(comment.sealed, comment.person)

    def prefer(self, user: str, preference: str, choice: object) -> None:
        """Somebody chose a value of a preference; of the value only a digest is kept."""
        self._needs("preferences")
        self._known("preference", preference)
        person = self._person(user)
        if person is not None:
            digest = self._pseudonyms.choice(person, preference, choice)
            event = Choice(person=person, at_ns=self._clock.now_ns(), preference=preference, choice=digest)
            self._book.put(event, self._book.unique())

    def adapted(self, user: str, adaptation: str, accepted: bool | None = None) -> None:
        """Something was adapted to somebody (None); later, they kept it (True) or took it back (False).

        Offered again, what they said of it holds until they say otherwise.
        """
        self._needs("adaptations")
        self._known("adaptation", adaptation)
        person = self._person(user)
        if person is None:
            return
        if accepted is not None:
            self._measures.accepted(accepted)
        event = Offer(person=person, at_ns=self._clock.now_ns(), adaptation=adaptation, accepted=accepted)
        self._book.put(event, f"{'offer' if accepted is None else 'answer'}.{adaptation}")

    def opt_out(self, user: str) -> int:
        """Keep nothing more of somebody, and forget what is kept; return how many events that were.

        Raises StoreBusy where it could not be noted: then it does not hold yet.
        """
        person = self._pseudonyms.person(user)
        self._book.opt(person, out=True)
        with self._lock:
            self._leaving.add(person)
            self._out |= {person}
        return self.forget(user)

    def opt_in(self, user: str) -> None:
        """Let somebody count again. Raises StoreBusy where it could not be noted."""
        person = self._pseudonyms.person(user)
        self._book.opt(person, out=False)
        with self._lock:
            self._leaving.discard(person)
            self._out -= {person}

    def opted_out(self, user: str) -> bool:
        """Tell whether somebody opted out."""
        return bool(user) and self._pseudonyms.person(user) in self._who_is_out()

    def forget(self, user: str) -> int:
        """Forget what is kept of somebody; return how many events that were.

        Raises StoreBusy where it could not be noted: then nothing is forgotten yet.
        """
        person = self._pseudonyms.person(user)
        self._visits.forget(person)
        return self._book.forget(person)

    def held(self, user: str) -> int:
        """Return how many events are kept of somebody."""
        return self._book.held(self._pseudonyms.person(user))

    def events(self, user: str) -> list[dict[str, object]]:
        """Return what is kept of somebody, the newest thousand of each kind, for them to read."""
        found = []
        for name, event in self._book.told(self._pseudonyms.person(user)):
            fields = msgspec.structs.asdict(event)
            if isinstance(event, Comment):
                fields = {"at_ns": event.at_ns, "comment": self._opened(event)}
            found.append({"event": name, **{k: v for k, v in fields.items() if k != "person"}})
        return found

    def figures(self, days: int = DAYS) -> Summary:
        """Return the figures of the last days that are kept, and record those that only many events make.

        Cost: some 5 us an event that is kept, of at most 100,000 of each kind.
        """
        now_ns = self._clock.now_ns()
        days = min(days, self.declaration.keep_days)
        answers, asked, visits, attempts, choices, offers = kept = (
            self._book.all(Answer),
            self._book.all(Asked),
            self._book.all(Visit),
            self._book.all(Attempt),
            self._book.all(Choice),
            self._book.all(Offer),
        )
        events = Events(
            answers=answers.events,
            asked=asked.events,
            visits=visits.events,
            attempts=attempts.events,
            choices=choices.events,
            offers=offers.events,
            visits_since_ns=visits.since_ns,
            attempts_since_ns=attempts.since_ns,
            cut=any(of.cut for of in kept),
        )
        found = summary(self.declaration.service, events, now_ns - days * DAY_NS, now_ns)
        self._measures.figures(found)
        return found

    def close(self) -> None:
        """Keep the sessions that are under way."""
        self._visits.close()
        if self._ended_with is not None:
            self._ended_with()

    def after_fork(self) -> None:
        """Go on in a forked child: sessions under way are the parent's."""
        self._lock = Lock()
        self._book.renew()
        self._visits = Visits(self._book, self._clock, self._host.losses)

    def _needs(self, what: str) -> None:
        if what not in self._track:
            raise ConfigError(
                f"{what} are not declared for {self.declaration.service!r}: add {what!r} to `track`"
            )

    def _known(self, what: str, name: str) -> None:
        names = self._names[what]
        if name not in names:
            _named(what, name)
            if len(names) >= TASKS_MAX:
                raise ConfigError(f"there are {TASKS_MAX} names of a {what} already: is {name!r} made up?")
            names.add(name)

    def _person(self, user: str) -> str | None:
        """Return the pseudonym of somebody, None where they opted out."""
        person = self._pseudonyms.person(user)
        return None if user and person in self._who_is_out() else person

    def _who_is_out(self) -> frozenset[str]:
        now_ns = self._clock.monotonic_ns()
        if self._out_ns is None or now_ns - self._out_ns > OUT_BELIEVED_NS:
            with self._lock:
                if self._out_ns is None or now_ns - self._out_ns > OUT_BELIEVED_NS:
                    self._out_ns = now_ns
                    with guarded(self._host.losses, "experience.out"):
                        self._look_who_is_out()
        return self._out

    def _look_who_is_out(self) -> None:
        known = self._book.out()
        self._leaving -= known  # the others wait in the queue to be written
        out = known | self._leaving
        for person in out - self._out:
            self._visits.forget(person)
        self._out = out


def _named(what: str, name: str) -> None:
    if not 0 < len(name) <= NAME_MAX or not name.isprintable():
        raise ConfigError(f"a {what} is named in 1 to {NAME_MAX} printable characters, not {name[:80]!r}")
