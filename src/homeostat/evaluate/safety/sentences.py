"""Sentences of a text that comes in pieces: where they end does not depend on where the pieces do."""

import re
from collections.abc import Iterator

LEAST = 16
"""No sentence ends within so many code points: `f. u. c. k.` stays whole, and `Hi. How are you?` too."""

MOST = 600
"""A sentence that does not end is ended here, at a space between words where there is one."""

_END = re.compile(r"[.!?…][\"'”’)\]]*(?=\s)|[。！？]|\n")
_BREAK = re.compile(r"(?<=[^\W\d])\s(?=[^\W\d])")
_SPACE = re.compile(r"\s")


class Sentences:
    """Cuts a text into sentences as it comes; joined, they are the text again. It keeps one sentence."""

    def __init__(self) -> None:
        self._kept = ""

    def feed(self, piece: str) -> Iterator[str]:
        """Give the sentences that are whole now."""
        text, start = self._kept + piece, 0
        while (end := _end(text, start)) is not None:
            yield text[start:end]
            start = end
        self._kept = text[start:]

    def rest(self) -> str:
        """Return what is left when nothing more comes, and begin anew."""
        kept, self._kept = self._kept, ""
        return kept


def _end(text: str, start: int) -> int | None:
    """Return where the sentence that begins at `start` ends, None where that is not known yet."""
    limit = start + MOST
    found = _END.search(text, start + LEAST, limit + 1)
    if found is not None and found.end() <= limit:
        return found.end()
    if len(text) <= limit:
        return None
    for spaces in (_BREAK, _SPACE):
        found = max(spaces.finditer(text, start + LEAST, limit), key=re.Match.end, default=None)
        if found is not None:
            return found.end()
    return limit
