"""The schema of the database, as the steps that lead to it.

Everything lies in PostgreSQL's schema `homeostat`, so that the database may be shared with an application.
`homeostat.version` says how many steps it has taken. A step is never changed once it was released: what
comes later is a further step.
"""

from collections.abc import Sequence

from homeostat.core.errors import StoreError
from homeostat.store.address import StoreAddress
from homeostat.store.postgres.connections import Connection, Connections
from homeostat.store.postgres.locks import Lock, take

Step = tuple[str, ...]

FIRST: Step = (
    # `key` is a digest of the other columns: an index over long attributes would refuse them. Ids are
    # never used twice, so that a stale cache of another node cannot mislead.
    """CREATE TABLE homeostat.series (
        id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        key bytea NOT NULL UNIQUE,
        metric text NOT NULL, kind text NOT NULL, unit text NOT NULL, attributes text NOT NULL,
        seen_ns bigint NOT NULL
    )""",
    "CREATE INDEX series_by_seen ON homeostat.series (seen_ns)",
    "CREATE TABLE homeostat.forgotten (series bigint NOT NULL)",
    "INSERT INTO homeostat.forgotten VALUES (0)",
    "CREATE SEQUENCE homeostat.numbers INCREMENT BY 1000",
    # Points of up to 256 neighbouring series (a band) at one level, within one slot of time.
    """CREATE TABLE homeostat.segments (
        level smallint NOT NULL, slot_ns bigint NOT NULL, band integer NOT NULL, id bigint NOT NULL,
        start_ns bigint NOT NULL, end_ns bigint NOT NULL,
        points integer NOT NULL, raw_bytes bigint NOT NULL, stored_bytes integer NOT NULL,
        packed boolean NOT NULL, rows bytea NOT NULL, bins bytea,
        PRIMARY KEY (level, slot_ns, band, id)
    ) PARTITION BY RANGE (level, slot_ns)""",
    # The blobs are compressed by us where that pays.
    "ALTER TABLE homeostat.segments ALTER COLUMN rows SET STORAGE EXTERNAL,"
    " ALTER COLUMN bins SET STORAGE EXTERNAL",
    "CREATE INDEX segments_loose ON homeostat.segments (level, slot_ns, band) WHERE NOT packed",
    "CREATE TABLE homeostat.segments_rest PARTITION OF homeostat.segments DEFAULT",
    # Segments that are not yet part of the next level, with what finds them.
    """CREATE TABLE homeostat.pending (
        segment bigint PRIMARY KEY,
        level smallint NOT NULL, slot_ns bigint NOT NULL, band integer NOT NULL,
        start_ns bigint NOT NULL, end_ns bigint NOT NULL, due_ns bigint NOT NULL, points integer NOT NULL
    )""",
    "CREATE INDEX pending_by_due ON homeostat.pending (level, due_ns)",
    # For each level, the time before which it has expired; level -1 is that of spans and logs.
    "CREATE TABLE homeostat.horizons (level smallint PRIMARY KEY, start_ns bigint NOT NULL)",
    # `home` is the day in which a trace was first seen to begin: all of its spans lie there.
    """CREATE TABLE homeostat.spans (
        home integer NOT NULL, trace_id bytea NOT NULL,
        spans integer NOT NULL, failed integer NOT NULL, body bytea NOT NULL
    ) PARTITION BY RANGE (home)""",
    "CREATE INDEX spans_by_trace ON homeostat.spans (trace_id)",
    "CREATE TABLE homeostat.spans_rest PARTITION OF homeostat.spans DEFAULT",
    """CREATE TABLE homeostat.traces (
        trace_id bytea PRIMARY KEY, home integer NOT NULL, batches integer NOT NULL,
        start_ns bigint NOT NULL, end_ns bigint NOT NULL, failed boolean NOT NULL,
        rooted boolean NOT NULL, head_ns bigint NOT NULL, operation text NOT NULL, service text NOT NULL
    ) WITH (fillfactor = 85)""",
    "CREATE INDEX traces_by_start ON homeostat.traces (start_ns)",
    "CREATE INDEX traces_by_home ON homeostat.traces (home)",
    "CREATE SEQUENCE homeostat.log_numbers",
    """CREATE TABLE homeostat.logs (
        time_ns bigint NOT NULL, id bigint NOT NULL DEFAULT nextval('homeostat.log_numbers'),
        trace_id bytea, body bytea NOT NULL
    ) PARTITION BY RANGE (time_ns)""",
    "CREATE INDEX logs_by_time ON homeostat.logs (time_ns, id)",
    "CREATE INDEX logs_by_trace ON homeostat.logs (trace_id) WHERE trace_id IS NOT NULL",
    "CREATE TABLE homeostat.logs_rest PARTITION OF homeostat.logs DEFAULT",
    """CREATE TABLE homeostat.records (
        kind text NOT NULL, key text NOT NULL,
        time_ns bigint NOT NULL, expires_ns bigint NOT NULL, body bytea NOT NULL,
        PRIMARY KEY (kind, key)
    )""",
    "CREATE INDEX records_by_time ON homeostat.records (kind, time_ns)",
    "CREATE INDEX records_by_expiry ON homeostat.records (expires_ns) WHERE expires_ns > 0",
    # The number of the last batch of each process that writes.
    """CREATE TABLE homeostat.writers (
        writer uuid PRIMARY KEY, batch bigint NOT NULL, moved timestamptz NOT NULL DEFAULT now()
    ) WITH (fillfactor = 50)""",
    # What each transaction added and took away: their sum is what there is. One row that all nodes change
    # would make them wait for each other.
    """CREATE TABLE homeostat.tally (
        points bigint NOT NULL, raw_bytes bigint NOT NULL, stored_bytes bigint NOT NULL,
        spans bigint NOT NULL, logs bigint NOT NULL
    )""",
)

STEPS: tuple[Step, ...] = (FIRST,)


def is_table(connection: Connection, name: str) -> bool:
    """Tell whether there is such a table.

    The catalogue is read rather than asked by name: a lookup that failed is remembered by the session
    until its transaction ends, also where another made the table while this one waited for a lock.
    """
    found = connection.execute(
        "SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'homeostat' AND tablename = %s", (name,)
    ).fetchone()
    return found is not None


def version(connection: Connection, address: StoreAddress, known: int = len(STEPS)) -> int:
    """Return how many steps the database has taken. Raises StoreError for one of a newer Homeostat."""
    if not is_table(connection, "version"):
        return 0
    row = connection.execute("SELECT coalesce(max(step), 0) FROM homeostat.version").fetchone()
    assert row is not None
    taken = int(row[0])
    if taken > known:
        raise StoreError(
            f"{address} has schema {taken}, written by a newer Homeostat; this one knows up to {known}: "
            "upgrade Homeostat, or choose another database"
        )
    return taken


def migrate(connections: Connections, steps: Sequence[Step] = STEPS) -> int:
    """Take the steps that a database still lacks, each in a transaction of its own; return how many.

    Several nodes may do so at once: each step is taken by one of them.
    """
    with connections.outside() as connection:
        if version(connection, connections.address, len(steps)) == len(steps):
            return 0
    done = 0
    while True:
        with connections.transaction() as connection:
            take(connection, Lock.SCHEMA)
            taken = version(connection, connections.address, len(steps))
            if taken == len(steps):
                return done
            if taken == 0:
                connection.execute("CREATE SCHEMA IF NOT EXISTS homeostat")
                connection.execute("CREATE TABLE IF NOT EXISTS homeostat.version (step integer PRIMARY KEY)")
            for statement in steps[taken]:
                connection.execute(statement)
            connection.execute("INSERT INTO homeostat.version VALUES (%s)", (taken + 1,))
            done += 1
