"""Each error of PostgreSQL is one of ours, by whether trying again helps."""

import psycopg
import pytest

from homeostat.core.errors import (
    HomeostatError,
    InputError,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
)
from homeostat.store.address import StoreAddress
from homeostat.store.postgres.errors import store_error

ADDRESS = StoreAddress.of("postgresql://app:open%20sesame@db.example/metrics")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("08006", StoreBusy),  # the connection failed
        ("40001", StoreBusy),  # serialisation
        ("40P01", StoreBusy),  # deadlock
        ("53300", StoreBusy),  # too many connections
        ("53200", StoreBusy),  # out of memory
        ("55P03", StoreBusy),  # a lock that was waited for too long
        ("57014", StoreBusy),  # cancelled by a time-out
        ("57P01", StoreBusy),  # the server is shutting down
        ("25P03", StoreBusy),  # idle in a transaction
        ("53100", StoreFull),  # the disk
        ("58030", StoreFull),  # reading or writing
        ("25006", StoreFull),  # read-only
        ("XX001", StoreCorrupt),  # data
        ("22003", InputError),  # a number out of range
        ("22021", InputError),  # bytes that are no text
        ("28P01", StoreError),  # the password
        ("42P01", StoreError),  # a defect of ours
    ],
)
def test_an_error_with_a_code_is_of_its_kind(code: str, kind: type[HomeostatError]) -> None:
    found = store_error(psycopg.errors.lookup(code)("as the server says"), ADDRESS)
    assert type(found) is kind
    assert str(ADDRESS) in str(found)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ('FATAL:  password authentication failed for user "app"', StoreError),
        ('FATAL:  database "metrics" does not exist', StoreError),
        ("FATAL:  the database system is starting up", StoreBusy),
        ("FATAL:  the database system is in recovery mode", StoreBusy),
        ("FATAL:  sorry, too many clients already", StoreBusy),
        ("connection refused", StoreBusy),
        ("server closed the connection unexpectedly", StoreBusy),
    ],
)
def test_an_error_without_a_code_is_known_by_what_the_server_said(
    said: str, kind: type[HomeostatError]
) -> None:
    assert type(store_error(psycopg.OperationalError(said), ADDRESS)) is kind


@pytest.mark.parametrize("secret", ["open sesame", "open%20sesame"])
def test_a_password_that_the_library_quotes_is_taken_out(secret: str) -> None:
    found = store_error(psycopg.OperationalError(f"no host {secret}\nfound"), ADDRESS)
    assert "no host *** found" in str(found)


def test_an_error_that_says_nothing_of_the_connection_is_a_defect_of_ours() -> None:
    found = store_error(psycopg.ProgrammingError("can't adapt"), ADDRESS)
    assert type(found) is StoreError
    assert "defect" in str(found)
