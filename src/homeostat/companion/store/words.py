"""Words: what a text is found by. They are exactly those of SQLite's FTS5, whichever store keeps the text."""

from collections import Counter
from collections.abc import Iterable
from threading import Lock

from homeostat.companion.store.spaced import TOKENIZER, spaced
from homeostat.companion.store.sqlite.library import library
from homeostat.companion.store.telling import without_common

_JOINT = "\0"


class Words:
    """Stems in lower case without diacritics, by SQLite's tokeniser: 1 µs each. Safe for threads.

    A part of a text between spaces that has several words, as "don't" has, is also found as a whole; it is
    one term more, in which the words are joined by NUL.
    """

    def __init__(self) -> None:
        library()
        import apsw

        self._connection = apsw.Connection(":memory:")
        self._tokenise = self._connection.fts5_tokenizer(TOKENIZER[0], list(TOKENIZER[1:]))
        self._reason = apsw.FTS5_TOKENIZE_DOCUMENT
        self._lock = Lock()

    def of(self, text: str) -> Counter[str]:
        """Return the terms of a text, each with how often it is there."""
        terms: Counter[str] = Counter()
        for words in self._parts(text):
            terms.update(words)
            if len(words) > 1:
                terms[_JOINT.join(words)] += 1
        return terms

    def asked(self, words: Iterable[str]) -> list[str]:
        """Return the terms by which words are looked for, each once, without the common ones."""
        telling = without_common(part for word in words for part in spaced(word).split())
        return list(dict.fromkeys(_JOINT.join(found) for part in telling for found in self._parts(part)))

    def _parts(self, text: str) -> list[list[str]]:
        tokenise, reason = self._tokenise, self._reason
        parts = [part.encode(errors="replace") for part in spaced(text).split()]
        with self._lock:
            found: list[list[str]] = [
                list(tokenise(part, reason, None, include_offsets=False, include_colocated=False))  # type: ignore[arg-type] # told by the options
                for part in parts
            ]
        return [words for words in found if words]


def length(terms: Counter[str]) -> int:
    """Return how many words a text with these terms has."""
    return sum(count for term, count in terms.items() if _JOINT not in term)
