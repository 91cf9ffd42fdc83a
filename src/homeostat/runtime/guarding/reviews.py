"""The review queue: what the guard held, and a sample of what it let pass, for people to judge."""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Literal, Protocol

import msgspec

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, Clock
from homeostat.core.errors import InputError, StoreBusy
from homeostat.core.losses import Losses
from homeostat.core.query import Answer_co, Query, RecordsQuery
from homeostat.core.record import Record
from homeostat.evaluate.safety.category import Action, Category
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.runtime.experience.sealing import Sealing
from homeostat.runtime.guarding.figures import Reviewed, growing

KEPT_DAYS = 30
DAILY_MAX = 500
"""What one process puts into the queue in a day; more is dropped and counted."""

READ_MAX = 20_000
OWN_MAX = 2_000
"""What this process wrote of late and the store may not have yet."""

TEXT_MAX = 4_000
"""Characters of a text that are kept, where texts are."""


class NoReview(InputError):
    """There is no review of that id, or no longer."""


Offered = Callable[[Batch], bool]


class Reading(Protocol):
    """What answers queries: a store, of which nothing else is needed here."""

    def read(self, query: Query[Answer_co]) -> Answer_co:
        """Answer a query from what has been written."""
        ...


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a person says of one: whether the guard was right, and if not, what should have been."""

    verdict: Literal["right", "wrong"]
    action: Action | None = None
    category: Category | None = None


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """One text that the guard looked at, without its words.

    `held` is whether something was done about it; others are a sample. `category` is that of its worst
    finding, None where nothing was found; `start` and `end` are its place. `person` is a keyed hash, `text`
    sealed, and empty where texts are not kept. `decided_ns` is 0 while it waits; `by` is who decided.
    """

    id: str
    at_ns: int
    person: str
    place: str
    action: Action
    held: bool
    category: Category | None = None
    severity: float = 0.0
    start: int = 0
    end: int = 0
    language: str = ""
    text: bytes = b""
    said: Said | None = None
    decided_ns: int = 0
    by: str = ""


class Reviews:
    """Keeps reviews as records of a store, for 30 days. Safe for threads.

    `person` is hashed under the key of the pseudonyms. Texts are kept only with `texts`, sealed under the
    same key. Forgetting a person forgets their reviews.
    """

    def __init__(
        self,
        service: str,
        offer: Offered,
        store: Reading,
        clock: Clock,
        losses: Losses,
        pseudonyms: Pseudonyms,
        *,
        texts: bool = False,
    ) -> None:
        self._kind = f"guarding.review/{service}"
        self._offer = offer
        self._store = store
        self._clock = clock
        self._losses = losses
        self._pseudonyms = pseudonyms
        self._sealing = Sealing(pseudonyms.key_for("reviews")) if texts else None
        self._own: OrderedDict[str, Review | None] = OrderedDict()
        self._lock = Lock()
        self._day = self._put = 0

    def renew_lock(self) -> None:
        """Begin anew in a forked child."""
        self._lock = Lock()

    @property
    def text_max(self) -> int:
        """How many characters of a text are kept: none where texts are not."""
        return 0 if self._sealing is None else TEXT_MAX

    def put(self, review: Review, person: str, text: str) -> bool:
        """Have people look at a text; False, counted, where there is no room."""
        now_ns = self._clock.now_ns()
        with self._lock:
            day = now_ns // DAY_NS
            if day != self._day:
                self._day, self._put = day, 0
            self._put += 1
            room = self._put <= DAILY_MAX
        if not room:
            self._losses.add("guarding.reviews_full")
            return False
        whose = self._pseudonyms.person(person)
        sealed = b"" if self._sealing is None else self._sealing.seal(text[:TEXT_MAX], whose)
        made = msgspec.structs.replace(
            review, id=f"{whose}.{secrets.token_hex(6)}", at_ns=now_ns, person=whose, text=sealed
        )
        return self._written(made)

    def waiting(self, limit: int = 100) -> list[Review]:
        """Return those that nobody has decided, the worst first."""
        found = [one for one in self._all() if one.said is None]
        found.sort(key=lambda one: (-one.action.rank, -one.severity, one.at_ns))
        return found[:limit]

    def counts(self) -> tuple[int, int]:
        """Return how many wait, and how many are decided."""
        found = self._all()
        decided = sum(one.said is not None for one in found)
        return len(found) - decided, decided

    def decide(self, id: str, said: Said, by: str = "") -> Review:
        """Keep what somebody says of one; said again it replaces what was said. Raises InputError."""
        found = next((one for one in self._all() if one.id == id), None)
        if found is None:
            raise NoReview(f"there is no review {id[:60]!r}: it is older than {KEPT_DAYS} days, or forgotten")
        if said.verdict == "right" and (said.action or said.category):
            raise InputError("what was right has no other action or category: leave them out")
        made = msgspec.structs.replace(found, said=said, decided_ns=self._clock.now_ns(), by=by)
        self._written(made)
        return made

    def opened(self, review: Review) -> str:
        """Return the text of one, empty where texts are not kept. Raises StoreCorrupt under another key."""
        if self._sealing is None or not review.text:
            return ""
        return self._sealing.open(review.text, review.person)

    def forget(self, person: str) -> int:
        """Forget all reviews of a person; return how many there were.

        Raises StoreBusy where there is no room to note it: then none is forgotten yet.
        """
        whose = self._pseudonyms.person(person)
        gone = [one for one in self._all() if one.person == whose]
        if gone and not self._offer(Batch(records=tuple(Record(self._kind, one.id, 0, b"") for one in gone))):
            raise StoreBusy(
                f"{len(gone)} reviews cannot be forgotten now, since the queue before the store is full: "
                "try again"
            )
        with self._lock:
            for one in gone:
                self._own[one.id] = None
        return len(gone)

    def figures(self) -> tuple[Reviewed, ...]:
        """Return what people said, by category (that which they gave, else the guard's) and language."""
        groups: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
        decided = sorted((one for one in self._all() if one.said), key=lambda one: one.decided_ns)
        for one in decided:
            assert one.said is not None
            right = one.said.verdict == "right"
            category = one.said.category or one.category or "none"
            for name in ("all", category):
                groups.setdefault((name, one.language or "unknown"), []).append((one.held, right))
        return tuple(
            Reviewed(
                category,
                language,
                growing(right for held, right in some if held),
                growing(right for held, right in some if not held),
            )
            for (category, language), some in sorted(groups.items())
        )

    def _all(self) -> Sequence[Review]:
        """Return what the store has, and what it does not have yet."""
        since_ns = max(self._clock.now_ns() - KEPT_DAYS * DAY_NS, 0)
        records = self._store.read(RecordsQuery(self._kind, since_ns, limit=READ_MAX))
        found = {record.key: msgspec.msgpack.decode(record.body, type=Review) for record in records}
        with self._lock:
            for id, own in self._own.items():
                stored = found.get(id)
                if own is None:
                    found.pop(id, None)
                elif own.at_ns >= since_ns and (stored is None or stored.decided_ns < own.decided_ns):
                    found[id] = own
        return list(found.values())

    def _written(self, review: Review) -> bool:
        record = Record(
            self._kind,
            review.id,
            review.at_ns,
            msgspec.msgpack.encode(review),
            review.at_ns + KEPT_DAYS * DAY_NS,
        )
        if not self._offer(Batch(records=(record,))):
            self._losses.add("guarding.reviews_not_kept")
            return False
        with self._lock:
            self._own[review.id] = review
            self._own.move_to_end(review.id)
            while len(self._own) > OWN_MAX:
                self._own.popitem(last=False)
        return True
