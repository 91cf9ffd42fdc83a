"""Sessions: a token and whose memory is looked at, sealed into a cookie that only this companion opens."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

import msgspec

from homeostat.companion.store.keys import MasterKey
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import StoreCorrupt

COOKIE = "companion_session"
LASTS_S = 7 * 86_400
USE = "homeostat.session"
SEALED_CHARS_MAX = 2_000
OUTCOMES = OPENED, OVER, UNREADABLE = ("opened", "over", "unreadable")


class Session(msgspec.Struct, frozen=True, array_like=True):
    """Who is signed in: their token, and the person whose memory they look at, "" for none yet."""

    token: str
    person: str
    until_ns: int = 0


class Sessions:
    """Seals sessions with AES-256-GCM and opens them. Nothing of them is kept here: what ends one before its
    time is the token's end, or another master key.
    """

    def __init__(
        self, master: MasterKey, clock: Clock, told: Callable[[str], None] = lambda outcome: None
    ) -> None:
        """`told` what became of each cookie that was shown: one of `OUTCOMES`."""
        self._told = told
        self._key = MasterKey(master.derived(USE))
        self._clock = clock

    def seal(self, token: str, person: str) -> str:
        """Return a cookie that holds a session for a week."""
        session = Session(token, person, self._clock.now_ns() + LASTS_S * SECOND_NS)
        return urlsafe_b64encode(self._key.wrap(msgspec.msgpack.encode(session), USE)).decode()

    def open(self, sealed: str) -> Session | None:
        """Return the session of a cookie; None where it is no such cookie (any more)."""
        session = self._opened(sealed)
        if session is None:
            self._told(UNREADABLE)
            return None
        live = self._clock.now_ns() < session.until_ns
        self._told(OPENED if live else OVER)
        return session if live else None

    def _opened(self, sealed: str) -> Session | None:
        if not sealed or len(sealed) > SEALED_CHARS_MAX:
            return None
        try:
            opened = self._key.unwrap(urlsafe_b64decode(sealed.encode()), USE)
            return msgspec.msgpack.decode(opened, type=Session)
        except (StoreCorrupt, ValueError):
            return None
