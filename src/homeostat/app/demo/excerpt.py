"""The excerpt: as much of a passage as the model is given."""

from dataclasses import dataclass

CLUTTER = "home library reference tutorial download search index next previous version contact imprint "
"""What stands around the text of a page, and says nothing."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of a passage; `share` is how much of its documentation is in it, from 0 to 1."""

    text: str
    share: float


def excerpt(text: str, words_max: int, clutter_words: int = 0) -> Excerpt:
    """Return the first words of a text, which so many words of clutter follow.

    >>> excerpt("Escape HTML and no more.", 2)
    Excerpt(text='Escape HTML ', share=0.4)
    >>> excerpt("Escape HTML.", 3, 2).share
    1.0
    """
    n = len(text.split())
    page = f"{text}\n{CLUTTER * (clutter_words // len(CLUTTER.split()))}" if clutter_words else text
    parts = page.split(None, words_max)
    rest = parts[words_max] if len(parts) > words_max else ""
    return Excerpt(page[: len(page) - len(rest)], min(1.0, words_max / n) if n else 1.0)
