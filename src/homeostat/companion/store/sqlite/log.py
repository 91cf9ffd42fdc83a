"""The write-ahead log of a person's file: how long it is, and when it is brought into the file."""

from contextlib import suppress

import apsw

SETTLE_PAGES = 256
"""1 MB, which is some 20 messages: from then on somebody who has the time should `settle` it.

To do so waits twice for the disk, 10 ms in all; a power cut takes what is in the log at most.
"""

PAGES_MAX = 2_048
"""8 MB: at this length it is settled by who writes."""


class Log:
    """The log of one connection, which it tells apart from SQLite's own rule: that has the writer wait."""

    __slots__ = ("_pages",)

    def __init__(self, connection: apsw.Connection) -> None:
        self._pages = 0
        connection.set_wal_hook(self._written)

    @property
    def is_long(self) -> bool:
        """Whether it should be settled."""
        return self._pages >= SETTLE_PAGES

    def settle(self, connection: apsw.Connection) -> None:
        """Bring it into the file; what cannot be brought now is later."""
        self._pages = 0
        with suppress(apsw.Error):
            connection.wal_checkpoint()

    def _written(self, connection: apsw.Connection, name: str, pages: int) -> int:
        self._pages = pages
        if pages >= PAGES_MAX:
            self.settle(connection)
        return apsw.SQLITE_OK
