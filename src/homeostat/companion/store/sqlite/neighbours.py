"""Neighbours: which message stands before another in its talk, and which follows it."""

from bisect import bisect_left, bisect_right

import apsw

from homeostat.companion.store.sqlite.handle import rows_of


class Neighbours:
    """The seqs of each talk that is asked about, read once: it is of use until messages change."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._talks: dict[int, list[int]] = {}

    def before(self, seq: int, talk: int) -> int | None:
        """Return the seq of the message before this one."""
        seqs = self._seqs(talk)
        place = bisect_left(seqs, seq)
        return seqs[place - 1] if place else None

    def after(self, seq: int, talk: int) -> int | None:
        """Return the seq of the message that follows this one."""
        seqs = self._seqs(talk)
        place = bisect_right(seqs, seq)
        return seqs[place] if place < len(seqs) else None

    def last(self, talk: int) -> int:
        """Return the seq of the talk's last message, 0 where it has none."""
        seqs = self._seqs(talk)
        return seqs[-1] if seqs else 0

    def _seqs(self, talk: int) -> list[int]:
        seqs = self._talks.get(talk)
        if seqs is None:
            found = rows_of(self._connection, "SELECT seq FROM messages WHERE talk = ? ORDER BY seq", (talk,))
            seqs = self._talks[talk] = [seq for (seq,) in found]
        return seqs
