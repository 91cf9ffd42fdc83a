"""Pauses: the silences between messages, by window functions."""

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.store.people import EVERYTHING, Pause, Within
from homeostat.companion.store.sqlite.handle import Handle, conditions


class SqlitePauses:
    """Pauses between one person's messages."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def longest(
        self, limit: int, at_least_us: int = 1, within: Within = EVERYTHING, *, by_talk: bool = True
    ) -> list[Pause]:
        """Return the longest pauses, the longest first; equal ones stand in the order of `after`."""
        # Over two rows, the first of a talk is its own predecessor: no pause. Each further window function
        # takes a fifth longer, so the message before is looked up, of those that are told.
        more, values = conditions(within)
        column, same = (", m.talk AS talk", " AND m.talk = p.talk") if by_talk else ("", "")
        source, _ = _pauses(
            f"m.seq AS after{column}",
            "first_value",
            "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
            within,
            by_talk,
        )
        rows = self._handle.rows(
            f"SELECT (SELECT max(m.seq) FROM messages AS m WHERE m.at_us = p.begin_us{same}{more}),"  # noqa: S608
            f" after, begin_us, end_us FROM (SELECT * FROM ({source}) WHERE end_us - begin_us >= ?"
            " ORDER BY end_us - begin_us DESC, after LIMIT ?) AS p",
            (*values, *values, max(at_least_us, 1), max(limit, 0)),
        )
        return [Pause(*row) for row in rows]

    def lengths(
        self, within: Within = EVERYTHING, *, by_talk: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return when each pause began and how long it was, both in microseconds, in the order of begin."""
        source, values = _pauses("m.seq AS after", "lag", "", within, by_talk)
        # Two texts of numbers come over in 6 ms for 10,000 pauses, as many rows in 8.
        ((begins, ends),) = self._handle.rows(
            "SELECT group_concat(begin_us), group_concat(end_us)"  # noqa: S608
            f" FROM ({source}) WHERE begin_us IS NOT NULL",
            values,
        )
        begin_us, end_us = (np.fromstring(numbers or "", np.int64, sep=",") for numbers in (begins, ends))
        order = np.argsort(begin_us, kind="stable")
        return begin_us[order], (end_us - begin_us)[order]


def _pauses(columns: str, before: str, frame: str, within: Within, by_talk: bool) -> tuple[str, list[object]]:
    more, values = conditions(within)
    apart = "PARTITION BY m.talk " if by_talk else ""
    return (
        f"SELECT {columns}, {before}(m.at_us) OVER past AS begin_us, m.at_us AS end_us"  # noqa: S608
        f" FROM messages AS m WHERE true{more} WINDOW past AS ({apart}ORDER BY m.at_us, m.seq {frame})",
        values,
    )
