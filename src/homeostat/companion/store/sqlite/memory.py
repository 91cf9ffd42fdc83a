"""The memory of one person: what can be done with their file."""

from homeostat.companion.store.people import Extent
from homeostat.companion.store.sqlite.handle import Handle
from homeostat.companion.store.sqlite.lexical import SqliteLexical
from homeostat.companion.store.sqlite.messages import SqliteMessages
from homeostat.companion.store.sqlite.notes import SqliteNotes
from homeostat.companion.store.sqlite.pauses import SqlitePauses
from homeostat.companion.store.sqlite.reading import SqliteReading
from homeostat.companion.store.sqlite.vectors import SqliteVectors
from homeostat.core.errors import UnknownPerson


class SqliteMemory:
    """A Memory; it is of use for as long as it is held."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.person = handle.person
        self.messages = SqliteMessages(handle)
        self.reading = SqliteReading(handle)
        self.lexical = SqliteLexical(handle)
        self.vectors = SqliteVectors(handle)
        self.pauses = SqlitePauses(handle)
        self.notes = SqliteNotes(handle)

    def extent(self) -> Extent:
        """Return how far it reaches."""
        rows = self._handle.rows("SELECT count, last, generation FROM whose")
        if not rows:
            raise UnknownPerson("the person was forgotten a moment ago")
        return Extent(*rows[0])
