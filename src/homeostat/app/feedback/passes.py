"""The pass: lets a browser give the feedback of one person, and nothing else, until it ends.

A page cannot hold the server's token, which opens everything. Its application, which has the token, asks for
a pass for the person who is looking at it (`POST /feedback/passes`) and puts that into the page.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from homeostat.core.clock import HOUR_NS, Clock
from homeostat.core.errors import InputError

HOURS_MAX = 24.0 * 31
PASS_CHARS_MAX = 2_000
MAC_BYTES = 32


class Pass(msgspec.Struct, frozen=True, array_like=True):
    """Who gives feedback on what, until when."""

    service: str
    user: str
    until_ns: int


class Passes:
    """Makes and reads passes under a server's token: when that changes, all of them end."""

    def __init__(self, token: str, clock: Clock) -> None:
        self._key = hmac.digest(token.encode(), b"homeostat feedback pass", hashlib.sha256)
        self._clock = clock

    def made(self, service: str, user: str, hours: float) -> str:
        """Return a pass for a person. Raises InputError."""
        if not user:
            raise InputError("a pass is for a `user`")
        if not 0 < hours <= HOURS_MAX:
            raise InputError(f"a pass holds for up to {HOURS_MAX:g} hours, not {hours:g}")
        until_ns = self._clock.now_ns() + round(hours * HOUR_NS)
        body = msgspec.msgpack.encode(Pass(service, user, until_ns))
        return urlsafe_b64encode(self._mac(body) + body).decode().rstrip("=")

    def read(self, text: str) -> Pass | None:
        """Return what a pass says; None where it is none of ours, or has ended."""
        if len(text) > PASS_CHARS_MAX:
            return None
        try:
            whole = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            mac, body = whole[:MAC_BYTES], whole[MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(body)):
                return None
            found = msgspec.msgpack.decode(body, type=Pass)
        except ValueError:
            return None
        return found if self._clock.now_ns() < found.until_ns else None

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)
