"""The memory of one person: what can be done with their rows."""

from homeostat.companion.store.people import Extent
from homeostat.companion.store.postgres.handle import Handle
from homeostat.companion.store.postgres.lexical import PostgresLexical
from homeostat.companion.store.postgres.messages import PostgresMessages
from homeostat.companion.store.postgres.notes import PostgresNotes
from homeostat.companion.store.postgres.pauses import PostgresPauses
from homeostat.companion.store.postgres.reading import PostgresReading
from homeostat.companion.store.postgres.vectors import PostgresVectors


class PostgresMemory:
    """A Memory; each call is a transaction of its own."""

    def __init__(self, handle: Handle, person: str) -> None:
        self._handle = handle
        self.person = person
        self.messages = PostgresMessages(handle)
        self.reading = PostgresReading(handle)
        self.lexical = PostgresLexical(handle)
        self.vectors = PostgresVectors(handle)
        self.pauses = PostgresPauses(handle)
        self.notes = PostgresNotes(handle)

    def extent(self) -> Extent:
        """Return how far it reaches."""
        with self._handle.reading() as rows:
            state = rows.state()
        return Extent(state.count, state.last, state.generation)
