"""Errors of PostgreSQL as ours: which of them trying again helps, and none with a secret in it."""

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

import msgspec
import psycopg

from homeostat.core.errors import HomeostatError, InputError, StoreBusy, StoreCorrupt, StoreError, StoreFull
from homeostat.store.address import StoreAddress
from homeostat.store.segment import DamagedBlob

_BY_CODE: dict[str, tuple[type[HomeostatError], str]] = {
    "28": (
        StoreError,
        "does not let this user in; look at user and password in the address, and at pg_hba.conf",
    ),
    "3D": (StoreError, "has no such database; make it with createdb"),
    "42501": (StoreError, "does not let this user do that; grant it CREATE on the database"),
    "53100": (StoreFull, "cannot grow, its disk is full; free some space there"),
    "25006": (StoreFull, "is read-only, as a standby is; name the primary server"),
    "XX001": (StoreCorrupt, "is damaged; restore it from a backup"),
    "XX002": (StoreCorrupt, "is damaged; restore it from a backup"),
    "58": (StoreFull, "cannot read or write; look at its disk's space and health"),
    "22003": (InputError, "cannot hold a number beyond 64 bits"),
    "22021": (InputError, "cannot hold text that is no Unicode"),
    "25P03": (StoreBusy, "ended a transaction that stood still; trying again helps"),
    "08": (StoreBusy, "lost the connection; trying again helps"),
    "40": (StoreBusy, "ended a transaction that met another one; trying again helps"),
    "53": (StoreBusy, "has no connection or memory left; raise max_connections, or run fewer nodes"),
    "55": (StoreBusy, "is held by another node; trying again helps"),
    "57": (StoreBusy, "is starting, ending, or was too slow; trying again helps"),
}
"""By SQLSTATE, or by its first two characters, which are its class."""

_REFUSALS = (
    (r"too many (connections|clients)|remaining connection slots", "53"),
    (r"password|no pg_hba\.conf entry|role .* (does not exist|is not permitted)", "28"),
    (r"permission denied for database", "42501"),
    (r"database .* does not exist", "3D"),
)
"""What a server says before there is a connection, which comes without an SQLSTATE."""


_OF_THE_CONNECTION = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
"""What the library raises by itself, without an SQLSTATE, when a connection fails."""


def store_error(error: Exception, address: StoreAddress) -> HomeostatError:
    """Return an error of PostgreSQL, or of reading what it holds, as one of ours."""
    if isinstance(error, DamagedBlob | msgspec.DecodeError):
        return StoreCorrupt(
            f"{address} holds what Homeostat did not write ({error}); restore it from a backup"
        )
    if isinstance(error, psycopg.Error) and error.sqlstate is not None:
        return _with_code(error, error.sqlstate, address)
    if isinstance(error, _OF_THE_CONNECTION):
        return _without_code(_one_line(error, address), address)
    kind = type(error).__name__
    return StoreError(f"{address} could not do what was asked; this is a defect of Homeostat ({kind})")


def _with_code(error: psycopg.Error, code: str, address: StoreAddress) -> HomeostatError:
    kind, remedy = (
        _BY_CODE.get(code)
        or _BY_CODE.get(code[:2])
        or (StoreError, "could not do what was asked; this is a defect of Homeostat")
    )
    said = "" if kind is InputError else f" ({error.diag.message_primary}, SQLSTATE {code})"
    return kind(f"{address} {remedy}{said}")


def _without_code(said: str, address: StoreAddress) -> HomeostatError:
    _, fatal, refusal = said.rpartition("FATAL:")
    for pattern, code in _REFUSALS:
        if fatal and re.search(pattern, refusal):
            kind, remedy = _BY_CODE[code]
            return kind(f"{address} {remedy} ({refusal.strip()})")
    return StoreBusy(
        f"{address} cannot be reached, or does not answer; is the server running there? ({said})"
    )


def _one_line(error: Exception, address: StoreAddress) -> str:
    """Return what libpq says, without the password."""
    text = " ".join(str(error).split())
    authority = (address.url or "").partition("://")[2].rpartition("@")[0]
    password = authority.partition(":")[2]
    for secret in {password, unquote(password)} - {""}:
        text = text.replace(secret, "***")
    return text


@contextmanager
def translated(address: StoreAddress) -> Iterator[None]:
    """Raise errors of PostgreSQL as ours."""
    try:
        yield
    except (psycopg.Error, DamagedBlob, msgspec.DecodeError) as error:
        # Not chained: what libpq says of an address may hold its password.
        raise store_error(error, address) from None
    except (OverflowError, UnicodeEncodeError, struct.error) as error:
        raise InputError(
            f"{address} cannot hold a number beyond 64 bits or text that is no Unicode: {error}"
        ) from error
