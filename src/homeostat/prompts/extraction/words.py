"""Words: what a passage is about, as what sentences are compared by."""

import re

WORD = re.compile(r"[A-Za-zÀ-ɏ]+|[^\W\d_A-Za-zÀ-ɏ]")
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
SILENT = """
a an and any are as at be been but by can do each for from had has have how if in into is it its may more not
of on or other out over own same so some such than that the their them then there these they this to up was
were what when where which while who will with would you your
"""
STOP = frozenset(SILENT.split())


def words(text: str) -> list[str]:
    """Return the words of a text in small letters, names in_such and suchForms taken apart.

    Without words that say nothing alone and without the endings of plurals; a sign of a script that puts
    no blanks between its words is a word.

    >>> words("<quality_gates>Runs all the userTests</quality_gates>")
    ['quality', 'gate', 'run', 'all', 'user', 'test', 'quality', 'gate']
    """
    found = (word.lower() for word in WORD.findall(HUMP.sub(" ", text)))
    return [_stem(word) for word in found if word not in STOP and (len(word) > 1 or not word.isascii())]


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
