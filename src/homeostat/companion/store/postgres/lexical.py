"""Finding by words: BM25 over each message together with the one before it in its talk."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.store.people import EVERYTHING, Within
from homeostat.companion.store.postgres.bm25 import best, scored
from homeostat.companion.store.postgres.handle import Handle, Rows
from homeostat.companion.store.postgres.index import Index
from homeostat.companion.store.postgres.schema import SCHEMA

FIRST_LOOK = 4
"""Times as many of the best are looked at first as are wanted, where there are conditions."""

WIDER = 8


class PostgresLexical:
    """Finding in one person's messages by words."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def match(
        self, words: Sequence[str], limit: int, within: Within = EVERYTHING
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the seqs of the best messages that hold any of `words`, and their scores."""
        terms = self._handle.words.asked(words)
        if not terms or limit <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        with self._handle.reading() as rows:
            state = rows.state()
            postings, lengths = Index(rows, self._handle.seal).find(terms)
            seqs, scores = scored(postings, lengths, state.count, state.words)
            if within == EVERYTHING:
                seqs, scores = best(seqs, scores, limit)
            elif within.talk is not None:
                good = np.isin(seqs, self._meeting(rows, within))
                seqs, scores = best(seqs[good], scores[good], limit)
            else:
                seqs, scores = self._best_within(rows, seqs, scores, limit, within)
        return seqs, scores.astype(np.float32)

    def _best_within(
        self,
        rows: Rows,
        seqs: NDArray[np.int64],
        scores: NDArray[np.float64],
        limit: int,
        within: Within,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Look at more and more of the best, until enough of them meet the conditions."""
        look = limit * FIRST_LOOK
        while True:
            some, of_some = best(seqs, scores, look)
            good = np.isin(some, self._meeting(rows, within, some))
            if good.sum() >= limit or look >= len(seqs):
                return some[good][:limit], of_some[good][:limit]
            look *= WIDER

    def _meeting(self, rows: Rows, within: Within, among: NDArray[np.int64] | None = None) -> list[int]:
        """Return the seqs, among these or of all, that meet the conditions."""
        more, values = self._handle.conditions(within)
        if among is not None:
            more += " AND m.seq = ANY(%(among)s::bigint[])"
            values["among"] = among.tolist()
        statement = f"SELECT m.seq FROM {SCHEMA}.messages AS m WHERE m.person = %(person)s{more}"  # noqa: S608
        return [seq for (seq,) in rows.all(statement, **values)]
