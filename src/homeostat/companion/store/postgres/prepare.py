"""Preparing a database, as the owner of its tables, and checking it, as the application that uses them."""

from typing import Any

from psycopg import sql

from homeostat.companion.store.postgres.schema import LOCK, PERSONAL, SCHEMA, STEP, VERSION, grants
from homeostat.core.errors import ConfigError, StoreError
from homeostat.store.address import StoreAddress
from homeostat.store.postgres.connections import Connection, Connections

TIMEOUT_S = 30.0


def prepare(address: "StoreAddress | str", role: str) -> bool:
    """Make the companion's tables in a database, and let a role use them; whether they had to be made.

    `address` is that of their owner to be, `role` that of the application: a role that may log in, and has
    no power over the owner's. It may be done again, and for further roles. Raises ConfigError, StoreError.
    """
    where = StoreAddress.of(address)
    if where.url is None:
        raise ConfigError(f"{where} is no PostgreSQL database: give postgresql://owner@host/database")
    connections = Connections(where, TIMEOUT_S, TIMEOUT_S)
    try:
        with connections.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            _check_role(connection, role)
            found = _version(connection)
            if found is None:
                for statement in STEP:
                    connection.execute(statement)
            elif found != VERSION:
                raise _of_another_version(connections.address, found)
            for grant in grants(sql.Identifier(role).as_string(connection)):
                connection.execute(grant)
    finally:
        connections.close()
    return found is None


def check(connections: Connections) -> None:
    """Check that the tables are there, and keep people apart from this role.

    Raises ConfigError, StoreError.
    """
    where = connections.address
    with connections.transaction() as connection:
        found = _version(connection)
        if found is None:
            raise ConfigError(
                f"{where} has no tables of the companion that this user may use: as their owner, call "
                "homeostat.companion.store.postgres.prepare.prepare(address, role)"
            )
        if found != VERSION:
            raise _of_another_version(where, found)
        (role,) = _one(connection, "SELECT current_user")
        _check_role(connection, role)
        bare = connection.execute(
            "SELECT t.name FROM unnest(%s::text[]) AS t (name) LEFT JOIN pg_class AS c"
            " ON c.relname = t.name AND c.relnamespace = to_regnamespace(%s)"
            " WHERE (c.relrowsecurity AND c.relforcerowsecurity) IS NOT TRUE",
            (list(PERSONAL), SCHEMA),
        ).fetchall()
    if bare:
        raise StoreError(
            f"{where}: row-level security is off for {', '.join(name for (name,) in bare)}, so people are"
            f" not kept apart there; ALTER TABLE {SCHEMA}.… ENABLE and FORCE ROW LEVEL SECURITY"
        )


def _check_role(connection: Connection, role: str) -> None:
    """Raise ConfigError where a role is not held by the policies, or could lift them."""
    found = connection.execute(
        "SELECT rolsuper OR rolbypassrls, coalesce(pg_has_role(rolname, (SELECT tableowner FROM pg_tables"
        " WHERE schemaname = %s AND tablename = 'people'), 'MEMBER'), rolname = current_user)"
        " FROM pg_roles WHERE rolname = %s",
        (SCHEMA, role),
    ).fetchone()
    if found is None:
        raise ConfigError(f"there is no role {role!r} in this database: CREATE ROLE … LOGIN PASSWORD …")
    reason = "bypasses row-level security" if found[0] else "owns the tables" if found[1] else ""
    if reason:
        raise ConfigError(
            f"the role {role!r} {reason}, so nothing would keep people apart: use one for the application "
            "that is no superuser, has no BYPASSRLS, and is not the owner of the tables nor a member of it"
        )


def _version(connection: Connection) -> int | None:
    """Return the version of the schema, None where this role sees none."""
    seen = _one(
        connection,
        "SELECT coalesce(has_table_privilege((SELECT c.oid FROM pg_class AS c WHERE c.relname = 'version'"
        " AND c.relnamespace = to_regnamespace(%s)), 'SELECT'), false)",
        (SCHEMA,),
    )
    if not seen[0]:
        return None
    (step,) = _one(connection, f"SELECT max(step) FROM {SCHEMA}.version")  # noqa: S608
    return int(step)


def _of_another_version(where: StoreAddress, found: int) -> StoreError:
    return StoreError(f"{where} has the companion's schema {found}, this program reads {VERSION}: update it")


def _one(connection: Connection, statement: str, values: tuple[object, ...] = ()) -> tuple[Any, ...]:
    row = connection.execute(statement, values).fetchone()
    assert row is not None
    return row
