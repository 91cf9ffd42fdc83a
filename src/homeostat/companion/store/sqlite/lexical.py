"""Finding by words: BM25 of FTS5 over each message together with the one before it in its talk."""

from collections.abc import Collection, Sequence
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.store.people import EVERYTHING, Within
from homeostat.companion.store.spaced import TOKENIZER, spaced
from homeostat.companion.store.sqlite.handle import Handle, conditions
from homeostat.companion.store.telling import READ_MAX, rarest, without_common


class SqliteLexical:
    """Finding in one person's messages by words."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def match(
        self, words: Sequence[str], limit: int, within: Within = EVERYTHING
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the seqs of the best messages that hold any of `words`, and their scores."""
        query = self._query(words)
        more, values = conditions(within)
        joined = "JOIN messages AS m ON m.seq = words.rowid" if more else ""
        rows: list[tuple[int, float]] = []
        if query and limit > 0:
            rows = self._handle.rows(
                f"SELECT words.rowid, -bm25(words) AS score FROM words {joined}"  # noqa: S608
                f" WHERE words MATCH ?{more} ORDER BY score DESC, words.rowid LIMIT ?",
                (query, *values, limit),
            )
        return (
            np.array([seq for seq, _ in rows], np.int64),
            np.array([score for _, score in rows], np.float32),
        )

    def _query(self, words: Sequence[str]) -> str:
        """Return FTS5's expression for any of the telling words: each is quoted, whatever stands in it."""
        parts = without_common(part for word in words for part in spaced(word).split())
        if not parts:
            return ""
        stems: Any = self._handle.connection.fts5_tokenizer(TOKENIZER[0], list(TOKENIZER[1:]))
        tokens = {
            part: stems(
                part.encode(errors="replace"),
                apsw.FTS5_TOKENIZE_QUERY,
                None,
                include_offsets=False,
                include_colocated=False,
            )
            for part in parts
        }
        known = {part: several for part, several in tokens.items() if several}
        ((messages,),) = self._handle.rows("SELECT coalesce(sum(count), 0) FROM whose")
        if messages * len(known) <= READ_MAX:
            chosen = list(known)  # all that `rarest` would choose, and some that nobody said
        else:
            held = self._messages_with({token for several in known.values() for token in several})
            chosen = rarest([(p, min(held.get(t, 0) for t in several)) for p, several in known.items()])
        return " OR ".join('"' + _quoted(part) + '"' for part in chosen)

    def _messages_with(self, tokens: Collection[str]) -> dict[str, int]:
        """Return in how many messages each token is; one statement, since each waits for the interpreter."""
        if not tokens:
            return {}
        places = ",".join("?" * len(tokens))
        return dict(
            self._handle.rows(f"SELECT term, doc FROM counted WHERE term IN ({places})", [*tokens])  # noqa: S608
        )


def _quoted(part: str) -> str:
    return part.replace('"', '""').replace("\0", " ").encode(errors="replace").decode()
