"""The secret: what a token looks like to its holder, and what is kept of it."""

import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

PREFIX = "hsc"
_TOKEN = re.compile(rf"{PREFIX}_([0-9a-f]{{16}})_([A-Za-z0-9_-]{{43}})")


class Token(NamedTuple):
    """A token in its parts: `id` finds the grant, `secret` proves that it is the holder's."""

    id: str
    secret: str

    @property
    def text(self) -> str:
        """What the holder is given, once."""
        return f"{PREFIX}_{self.id}_{self.secret}"

    @property
    def digest(self) -> bytes:
        """What is kept. The secret has 256 random bits, so that no salt and no slow hash is needed."""
        return hashlib.sha256(self.secret.encode()).digest()

    def proves(self, digest: bytes) -> bool:
        """Tell in constant time whether the secret is the one that was kept."""
        return hmac.compare_digest(self.digest, digest)


def new_token() -> Token:
    """Make a token up."""
    return Token(secrets.token_hex(8), secrets.token_urlsafe(32))


def read_token(text: str) -> Token | None:
    """Return the parts of a token, None for what has not its form.

    >>> read_token("hsc_0123456789abcdef_" + "x" * 43).id
    '0123456789abcdef'
    >>> read_token("Bearer ...") is None
    True
    """
    found = _TOKEN.fullmatch(text)
    return None if found is None else Token(found[1], found[2])
