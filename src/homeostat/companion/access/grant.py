"""The grant: what a token lets its holder do, and with whose memory."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from homeostat.core.errors import ConfigError, InputError


class Scope(StrEnum):
    """What may be done. `ADMIN` is for tokens, flags and the audit, and opens no memory by itself."""

    READ = "read"
    WRITE = "write"
    EXPORT = "export"
    FORGET = "forget"
    ADMIN = "admin"


class Grant(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is kept of a token: a digest of its secret, never the secret.

    `person` is the only one whose memory it opens; None is a service, which names the person in each request.
    Times are microseconds since the epoch, UTC; 0 is never.
    """

    id: str
    digest: bytes
    label: str
    person: str | None
    scopes: frozenset[Scope]
    made_us: int
    expires_us: int = 0
    revoked_us: int = 0

    def valid(self, now_us: int) -> bool:
        """Tell whether it lets anybody in at that time."""
        return not self.revoked_us and (not self.expires_us or now_us < self.expires_us)

    def opens(self, person: str) -> bool:
        """Tell whether it is for this person's memory."""
        return self.person is None or self.person == person


PERSONS = frozenset((Scope.READ, Scope.WRITE, Scope.EXPORT, Scope.FORGET))
"""What a person may do with their own memory."""


def scopes_of(names: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes of some names. Raises InputError.

    >>> sorted(scopes_of(["read", "write"]))
    [<Scope.READ: 'read'>, <Scope.WRITE: 'write'>]
    """
    given = list(names)
    unknown = sorted(name for name in given if name not in set(Scope))
    if unknown or not given:
        raise InputError(f"scopes are {', '.join(Scope)}, at least one, not {', '.join(unknown) or 'none'}")
    return frozenset(Scope(name) for name in given)


def checked(person: str | None, scopes: frozenset[Scope]) -> None:
    """Raise ConfigError where a person would get what is for services."""
    if person is not None and Scope.ADMIN in scopes:
        raise ConfigError("a person's token cannot have the scope admin: make a token of a service")
