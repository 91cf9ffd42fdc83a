"""The word set: words written beside each other, as a set."""


def word_set(words: str) -> frozenset[str]:
    """Return the words of a text.

    >>> sorted(word_set("yes no"))
    ['no', 'yes']
    """
    return frozenset(words.split())
