"""The marks: which batch each writer has kept last, so that one whose commit was not answered is kept once.

A writer moves its mark in the transaction of the batch. Its row stays locked until that transaction is
over, so that to look at the mark is to wait for what became of it. (The transaction's own number would not
tell: after a crash the server gives out again the numbers of those that it lost.)
"""

from uuid import UUID

from homeostat.store.postgres.connections import Connection


def register(connection: Connection, writer: UUID) -> None:
    """Make the mark of a writer, in a transaction of its own: what is not committed cannot be waited for."""
    connection.execute("INSERT INTO homeostat.writers VALUES (%s, 0) ON CONFLICT DO NOTHING", (writer,))


def move(connection: Connection, writer: UUID, batch: int) -> None:
    """Note that the transaction keeps this batch."""
    connection.execute(
        "INSERT INTO homeostat.writers AS w VALUES (%s, %s)"
        " ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch, moved = now()",
        (writer, batch),
    )


def last(connection: Connection, writer: UUID) -> int:
    """Return the number of the batch that a writer has kept last; 0 where it has kept none."""
    row = connection.execute(
        "SELECT batch FROM homeostat.writers WHERE writer = %s FOR UPDATE", (writer,)
    ).fetchone()
    return 0 if row is None else int(row[0])


def expire(connection: Connection) -> None:
    """Forget the writers that have written nothing for a month."""
    connection.execute("DELETE FROM homeostat.writers WHERE moved < now() - interval '30 days'")
