"""The segments of a text: its sentences, cut without a model."""

import re
from collections.abc import Iterator, Sequence

from homeostat.evaluate.passage import Segment

_END = re.compile(
    r"""
    (?<![.!?…]) [.!?…]++ ["'”’»)\]]*+ (?=\s)  # an end of a sentence, with what closes behind it
    | [。！？]++ ["”’」』）]*+                # scripts that write no blank behind it
    | \n [ \t\r]*+ (?=[-*•#\d])            # a list or a heading begins
    | \n [ \t\r]*+ \n                      # a paragraph ends
    """,
    re.VERBOSE,
)
"""Each part begins where a run begins and takes all of it, so that no text takes longer than its length."""

_FOLLOWING = re.compile(r"[ \t]*+(\S?)")
_LAST_WORD = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*\.$")

_ABBREVIATIONS = (
    "mr mrs ms dr prof st sr jr rev gen col lt sgt capt approx vs cf al ca eg ie e.g i.e u.s u.k inc ltd"
    " corp dept jan feb mar apr jun jul aug sep sept oct nov dec"
)
_NEVER_LAST = frozenset(_ABBREVIATIONS.split())
"""Words behind which a capital begins no sentence, more often than not; small letters never do."""

_BEFORE_A_NUMBER = frozenset(("no", "nos", "fig", "figs", "p", "pp", "vol", "ch", "sec", "eq"))


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text, without blanks around them; nothing for a text without words.

    A sentence ends at `.`, `!`, `?` or `…` before a blank, at their full-width forms, at a paragraph and
    before an item of a list; not behind an abbreviation, an initial or within a number. One pass, O(n).

    >>> list(sentences("Dr. Ames left at 3.15 p.m. sharp. Why? “I don't know!” he said."))
    ['Dr. Ames left at 3.15 p.m. sharp.', 'Why?', "“I don't know!” he said."]
    """
    begin = 0
    for end in _END.finditer(text):
        if end[0][0] in ".!?…" and _goes_on(text, begin, end):
            continue
        sentence = text[begin : end.end()].strip()
        begin = end.end()
        if sentence:
            yield sentence
    if rest := text[begin:].strip():
        yield rest


def segments_of(text: str, author: str = "") -> tuple[Segment, ...]:
    """Return a text as segments, one a sentence."""
    return tuple(Segment(text=sentence, author=author) for sentence in sentences(text))


def as_segments(text: str | Sequence[Segment]) -> tuple[Segment, ...]:
    """Return what is to be judged as segments: a text by its sentences, segments as they are."""
    return segments_of(text) if isinstance(text, str) else tuple(text)


def _goes_on(text: str, begin: int, end: re.Match[str]) -> bool:
    """Tell whether a sentence goes on behind what looks like its end."""
    following = _FOLLOWING.match(text, end.end())
    follows = following[1] if following is not None else ""
    if follows.islower():
        return True
    if end[0] != ".":
        return False
    word = _LAST_WORD.search(text[max(begin, end.start() - 12) : end.end()])
    if word is None:
        return False
    last = word[0][:-1].lower()
    if last in _BEFORE_A_NUMBER:
        return follows.isdigit()
    return last in _NEVER_LAST or (len(last) == 1 and last != "i")
