"""The notebook: what was noticed and what is followed, a record for each in the store."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress

import msgspec

from homeostat.core.clock import DAY_NS
from homeostat.core.query import RecordsQuery, Store
from homeostat.core.record import Record
from homeostat.core.series import SeriesKey
from homeostat.judge.findings.change_watch import FOLLOWED_MAX, FORGOTTEN_NS, FollowedState
from homeostat.judge.findings.noticed import Noticed

NOTICED = "finding.noticed"
FOLLOWED = "finding.followed"

NOTICED_MAX = 1_000
"""Changes that are kept; of more the oldest are dropped and counted."""

NOTICED_KEPT_NS = 30 * DAY_NS


def digest(key: SeriesKey) -> str:
    """Return a series' key as a short text."""
    return hashlib.blake2b(msgspec.msgpack.encode(key), digest_size=12).hexdigest()


def noticed_record(found: Noticed) -> Record:
    """Return what was noticed as it is kept: the same change under the same key."""
    at_ns = found.finding.at_ns or 0
    body = msgspec.json.encode(found)
    return Record(NOTICED, f"{digest(found.key)}.{at_ns}", at_ns, body, at_ns + NOTICED_KEPT_NS)


def read_noticed(
    store: Store, start_ns: int = 0, end_ns: int = (1 << 63) - 1, limit: int = NOTICED_MAX
) -> tuple[Noticed, ...]:
    """Return what was noticed and began in `[start_ns, end_ns)`, newest first, as far as it can be read."""
    found = []
    for record in store.read(RecordsQuery(NOTICED, start_ns, end_ns, limit)):
        with suppress(msgspec.MsgspecError):
            found.append(msgspec.json.decode(record.body, type=Noticed))
    return tuple(found)


def followed_records(states: Iterable[FollowedState], now_ns: int) -> list[Record]:
    """Return what is followed as it is kept, until it would be forgotten anyway."""
    return [
        Record(FOLLOWED, digest(s.key), now_ns, msgspec.msgpack.encode(s), s.seen_ns + FORGOTTEN_NS)
        for s in states
    ]


def read_followed(store: Store) -> tuple[FollowedState, ...]:
    """Return what was followed; what cannot be read any more begins anew."""
    found = []
    for record in store.read(RecordsQuery(FOLLOWED, limit=FOLLOWED_MAX)):
        with suppress(msgspec.MsgspecError):
            found.append(msgspec.msgpack.decode(record.body, type=FollowedState))
    return tuple(found)
