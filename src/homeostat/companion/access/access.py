"""Access: issues tokens, takes them back, and tells what one that is shown lets do."""

from collections import OrderedDict
from collections.abc import Iterator
from enum import StrEnum
from threading import Lock

import msgspec

from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.cabinet import Drawers
from homeostat.companion.access.grant import Grant, Scope, checked
from homeostat.companion.access.secret import Token, new_token, read_token
from homeostat.companion.store.accepted import checked_person
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import InputError

KIND = "grant"
FRESH_NS = 2 * SECOND_NS
"""For how long a grant that was read is believed: a token that another process takes back works no longer."""

HELD_MAX = 20_000
LABEL_CHARS_MAX = 100
LIST_MAX = 1_000

_NOBODY = b"\0" * 32


class Reason(StrEnum):
    """Why a token lets nobody in. Whoever shows it is not told."""

    NONE = "none"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    WRONG = "wrong"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Access:
    """The tokens of one companion. Safe for threads; what this process takes back is void at once."""

    def __init__(self, drawers: Drawers, audit: Audit, clock: Clock) -> None:
        self._drawers = drawers
        self._audit = audit
        self._clock = clock
        self._lock = Lock()
        self._held: OrderedDict[str, tuple[int, Grant]] = OrderedDict()
        self._renewing: set[str] = set()

    def issue(
        self,
        scopes: frozenset[Scope],
        *,
        person: str | None = None,
        label: str = "",
        lasts_s: float = 0.0,
        by: str = "",
    ) -> tuple[Token, Grant]:
        """Make a token, for a person or, without one, for a service; it is shown here and never again.

        `lasts_s` is how long it works, 0 for ever. Raises ConfigError, InputError.
        """
        checked(person, scopes)
        if person is not None:
            checked_person(person)
        if len(label) > LABEL_CHARS_MAX or not label.isprintable():
            raise InputError(f"a label is up to {LABEL_CHARS_MAX} characters that can be printed")
        if not 0 <= lasts_s < 100 * 366 * 86_400:
            raise InputError(f"a token lasts from 0 (for ever) to 100 years, not {lasts_s!r} s")
        token = new_token()
        now_us = self._now_us()
        grant = Grant(
            id=token.id,
            digest=token.digest,
            label=label,
            person=person,
            scopes=scopes,
            made_us=now_us,
            expires_us=now_us + round(lasts_s * 1e6) if lasts_s else 0,
        )
        self._keep(grant)
        self._audit.note(Act.ISSUED, by, person=person or "", about=token.id)
        return token, grant

    def revoke(self, id: str, by: str = "") -> bool:
        """Take a token back; False where there is none."""
        blob = self._drawers.get(KIND, id)
        if blob is None:
            return False
        grant = msgspec.msgpack.decode(blob, type=Grant)
        if not grant.revoked_us:
            self._keep(msgspec.structs.replace(grant, revoked_us=self._now_us()))
            self._audit.note(Act.REVOKED, by, person=grant.person or "", about=id)
        return True

    def forget(self, person: str) -> int:
        """Remove all tokens of a person, with their name; return how many there were."""
        found = [grant.id for grant in self.all() if grant.person == person]
        self._drawers.put(KIND, dict.fromkeys(found))
        with self._lock:
            for id in found:
                self._held.pop(id, None)
        return len(found)

    def grants(self, after: str = "", limit: int = LIST_MAX) -> list[Grant]:
        """Return up to `limit` grants in the order of their ids."""
        blobs = self._drawers.list(KIND, after, limit)
        return [msgspec.msgpack.decode(blob, type=Grant) for blob in blobs.values()]

    def held(self, text: str) -> Grant | None:
        """Return the grant of a token without asking the store; None where it has to be asked (`judge`)."""
        token = read_token(text)
        if token is None:
            return None
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            found = self._held.get(token.id)
        if found is None or now_ns - found[0] > FRESH_NS:
            return None
        grant = found[1]
        return grant if token.proves(grant.digest) and grant.valid(self._now_us()) else None

    def ages(self, id: str) -> bool:
        """Tell whether to ask (`judge`) again for a grant that is held: true for one asker until it was."""
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            found = self._held.get(id)
            if found is None or now_ns - found[0] <= FRESH_NS // 2 or id in self._renewing:
                return False
            self._renewing.add(id)
            return True

    def admit(self, text: str) -> Grant | None:
        """Return the grant of a token, None where it lets nobody in."""
        judged = self.judge(text)
        return judged if isinstance(judged, Grant) else None

    def judge(self, text: str) -> Grant | Reason:
        """Return the grant of a token, or why it lets nobody in.

        Which reason it is cannot be told from the time that the answer takes.
        """
        token = read_token(text)
        if token is None:
            return Reason.UNREADABLE if text else Reason.NONE
        blob = self._drawers.get(KIND, token.id)
        grant = None if blob is None else msgspec.msgpack.decode(blob, type=Grant)
        proved = token.proves(_NOBODY if grant is None else grant.digest)
        if grant is None or not proved or not grant.valid(self._now_us()):
            with self._lock:
                self._renewing.discard(token.id)
                if proved:
                    self._held.pop(token.id, None)
            if grant is None or not proved:
                return Reason.UNKNOWN if grant is None else Reason.WRONG
            return Reason.REVOKED if grant.revoked_us else Reason.EXPIRED
        self._hold(grant)
        return grant

    def any(self) -> bool:
        """Tell whether a token was ever issued."""
        return bool(self._drawers.list(KIND, "", 1))

    def _keep(self, grant: Grant) -> None:
        self._drawers.put(KIND, {grant.id: msgspec.msgpack.encode(grant)})
        self._hold(grant)

    def _hold(self, grant: Grant) -> None:
        with self._lock:
            self._held[grant.id] = (self._clock.monotonic_ns(), grant)
            self._held.move_to_end(grant.id)
            self._renewing.discard(grant.id)
            if len(self._held) > HELD_MAX:
                evicted, _ = self._held.popitem(last=False)
                self._renewing.discard(evicted)

    def all(self) -> Iterator[Grant]:
        """Yield all grants in the order of their ids."""
        after = ""
        while page := self.grants(after):
            yield from page
            after = page[-1].id

    def _now_us(self) -> int:
        return self._clock.now_ns() // 1_000
