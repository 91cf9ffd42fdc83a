"""The advisory locks that nodes before one database share: a number for each purpose."""

from enum import IntEnum

import psycopg

CLASS = 0x484D5354  # "HMST"


class Lock(IntEnum):
    """What is locked."""

    SCHEMA = 1
    """Taken alone while the schema moves on."""
    SERIES_FORGOTTEN = 2
    """Shared by writers; taken alone while series are forgotten."""
    SERIES_ADDED = 3
    """Taken alone while series are added, so that their ids are seen in order."""
    PARTITIONS = 4
    """Taken alone while partitions are made or dropped."""
    UPKEEP = 5
    """Taken alone for one step of upkeep; who does not get it leaves the step to who has it."""


def take(connection: "psycopg.Connection[tuple[object, ...]]", lock: Lock, *, shared: bool = False) -> None:
    """Wait for a lock, which is held to the end of the transaction."""
    name = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    connection.execute(f"SELECT {name}(%s, %s)", (CLASS, int(lock)))


def try_take(connection: "psycopg.Connection[tuple[object, ...]]", lock: Lock) -> bool:
    """Take a lock to the end of the transaction, if it is free; return whether it was."""
    found = connection.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (CLASS, int(lock))).fetchone()
    return found == (True,)
