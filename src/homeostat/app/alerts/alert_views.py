"""The alert views: what the surfaces show of alerts and may change, all of it through the store."""

import secrets
from dataclasses import dataclass

import msgspec

from homeostat.app.alerts.book_store import SILENCE, SILENCES_MAX, read_book, read_silences, silence_record
from homeostat.app.alerts.outbox import DEAD, WAITING, Delivery, again, read_deliveries, read_notices
from homeostat.app.alerts.own_rules import forget_rule, own_rules
from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, Clock
from homeostat.core.errors import InputError
from homeostat.core.notice import Notice
from homeostat.core.query import RecordsQuery, Store
from homeostat.core.record import Record
from homeostat.judge.alerts.alert import Alert, Phase
from homeostat.judge.alerts.incident import Silence

SETUP = "alert.setup"
HISTORY = 100
SILENCE_MAX_NS = 90 * DAY_NS
TEXT_MAX = 500


class Watched(msgspec.Struct, frozen=True):
    """A rule as it is shown."""

    name: str
    expectation: str
    metric: str
    own: bool


class Setup(msgspec.Struct, frozen=True):
    """What is watched and where notices go."""

    rules: tuple[Watched, ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertState:
    """Everything about alerts that is shown.

    `active` are the worst first; `pending` are violations that have not lasted long enough; `history` are
    the newest notices, `dead` those that a channel could not deliver, `waiting` how many are on their way.
    """

    now_ns: int
    active: tuple[Alert, ...]
    pending: tuple[Alert, ...]
    silences: tuple[Silence, ...]
    history: tuple[Notice, ...]
    dead: tuple[Delivery, ...]
    waiting: int
    targets: tuple[Watched, ...]
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retried:
    """The notices that are sent again, and those that stay as their channel is no longer configured."""

    waiting: tuple[str, ...]
    left: tuple[str, ...]


def setup_record(setup: Setup, now_ns: int) -> Record:
    """Return the setup as it is kept."""
    return Record(SETUP, "", now_ns, msgspec.json.encode(setup))


def _key(alert: Alert) -> tuple[int, int, str]:
    return -alert.severity.rank, alert.began_ns, alert.key


class AlertViews:
    """Answers what the surfaces ask about alerts. Any thread may call, also beside another process' desk."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def setup(self) -> Setup:
        """Return what is watched; nothing where no server has begun to."""
        found = self._store.read(RecordsQuery(SETUP, limit=1))
        return msgspec.json.decode(found[0].body, type=Setup) if found else Setup()

    def active(self) -> tuple[Alert, ...]:
        """Return the alerts that are active, the worst and then the oldest first."""
        return tuple(sorted((a for a in read_book(self._store).alerts.values() if a.active), key=_key))

    def notices(self, limit: int = HISTORY) -> tuple[Notice, ...]:
        """Return the newest notices."""
        return tuple(read_notices(self._store, limit))

    def state(self, limit: int = HISTORY) -> AlertState:
        """Return everything that is shown."""
        now_ns = self._clock.now_ns()
        alerts = sorted(read_book(self._store).alerts.values(), key=_key)
        setup = self.setup()
        return AlertState(
            now_ns=now_ns,
            active=tuple(a for a in alerts if a.active),
            pending=tuple(a for a in alerts if a.phase is Phase.PENDING),
            silences=read_silences(self._store, now_ns),
            history=self.notices(limit),
            dead=tuple(read_deliveries(self._store, DEAD, limit)),
            waiting=len(self._store.read(RecordsQuery(WAITING))),
            targets=setup.rules,
            channels=setup.channels,
        )

    def retry(self, key: str = "") -> Retried:
        """Have a notice that could not be delivered sent again; without a key all of them.

        Those of channels that are no longer configured stay. Raises InputError for a key that is not there.
        """
        dead = read_deliveries(self._store, DEAD)
        chosen = [d for d in dead if not key or d.key == key]
        if key and not chosen:
            raise InputError(f"no notice {key[:TEXT_MAX]!r} was given up; GET /api/alerts lists them")
        channels = frozenset(self.setup().channels)
        sent = [d for d in chosen if d.channel in channels]
        if key and not sent:
            raise InputError(f"the channel {chosen[0].channel!r} is no longer configured")
        now_ns = self._clock.now_ns()
        if sent:
            self._store.write(Batch(records=tuple(r for d in sent for r in again(d, now_ns))))
        return Retried(tuple(d.key for d in sent), tuple(d.key for d in chosen if d.channel not in channels))

    def forget(self, name: str) -> None:
        """Watch a target no more that was set while a server ran. Raises InputError for any other."""
        if all(rule.name != name for rule in own_rules(self._store)):
            raise InputError(
                f"no target {name[:TEXT_MAX]!r} was set with set_performance_alert; "
                "those of a file end where the file no longer names them"
            )
        forget_rule(self._store, name, self._clock.now_ns())

    def silence(self, target: str, group: str, for_ns: int, reason: str = "") -> Silence:
        """Have nothing told of a target or a group for a while. Raises InputError for what makes no sense."""
        if not target and not group:
            raise InputError("name a target or a group to silence; GET /api/alerts lists them")
        if target and target not in {r.name for r in self.setup().rules}:
            raise InputError(f"there is no target {target[:TEXT_MAX]!r}; GET /api/alerts lists them")
        if not 0 < for_ns <= SILENCE_MAX_NS:
            raise InputError(f"a silence lasts from 1 s to 90 d, not {for_ns / 1e9:g} s")
        if max(len(group), len(reason)) > TEXT_MAX:
            raise InputError(f"group and reason have at most {TEXT_MAX} characters")
        now_ns = self._clock.now_ns()
        if len(read_silences(self._store, now_ns)) >= SILENCES_MAX:
            raise InputError(f"there are {SILENCES_MAX} silences already; end some first")
        made = Silence(secrets.token_hex(8), now_ns + for_ns, target, group, reason)
        self._store.write(Batch(records=(silence_record(made, now_ns),)))
        return made

    def end_silence(self, silence_id: str) -> None:
        """End a silence at once. Raises InputError where there is none of this id."""
        now_ns = self._clock.now_ns()
        if all(s.id != silence_id for s in read_silences(self._store, now_ns)):
            raise InputError(f"there is no silence {silence_id[:64]!r}; GET /api/alerts lists them")
        self._store.write(Batch(records=(Record(SILENCE, silence_id, now_ns, b""),)))
