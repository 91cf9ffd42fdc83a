"""Pauses: the silences between messages, by window functions."""

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.store.people import EVERYTHING, Pause, Within
from homeostat.companion.store.postgres.handle import Handle
from homeostat.companion.store.postgres.schema import SCHEMA


class PostgresPauses:
    """Pauses between one person's messages."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def longest(
        self, limit: int, at_least_us: int = 1, within: Within = EVERYTHING, *, by_talk: bool = True
    ) -> list[Pause]:
        """Return the longest pauses, the longest first; equal ones stand in the order of `after`."""
        source, values = self._pauses(within, by_talk)
        with self._handle.reading() as rows:
            found = rows.all(
                f"SELECT before, after, begin_us, at_us FROM ({source}) AS p"  # noqa: S608
                " WHERE at_us - begin_us >= %(at_least_us)s"
                " ORDER BY at_us - begin_us DESC, after LIMIT %(limit)s",
                at_least_us=max(at_least_us, 1),
                limit=max(limit, 0),
                **values,
            )
        return [Pause(*row) for row in found]

    def lengths(
        self, within: Within = EVERYTHING, *, by_talk: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return when each pause began and how long it was, both in microseconds, in the order of begin."""
        source, values = self._pauses(within, by_talk)
        with self._handle.reading() as rows:
            found = rows.all(
                f"SELECT begin_us, at_us - begin_us FROM ({source}) AS p"  # noqa: S608
                " WHERE begin_us IS NOT NULL ORDER BY begin_us, after",
                **values,
            )
        begin_us, lengths_us = np.array(found, np.int64).reshape(-1, 2).T
        return begin_us.copy(), lengths_us.copy()

    def _pauses(self, within: Within, by_talk: bool) -> tuple[str, dict[str, object]]:
        more, values = self._handle.conditions(within)
        apart = "PARTITION BY m.talk " if by_talk else ""
        return (
            f"SELECT m.seq AS after, lag(m.seq) OVER past AS before, m.at_us,"  # noqa: S608
            f" lag(m.at_us) OVER past AS begin_us FROM {SCHEMA}.messages AS m"
            f" WHERE m.person = %(person)s{more} WINDOW past AS ({apart}ORDER BY m.at_us, m.seq)",
            values,
        )
