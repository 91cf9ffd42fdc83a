"""Word forms: those that a regular English verb or noun of a lexicon takes."""

from collections.abc import Iterator

_VOWELS = "aeiou"


def verb_forms(verb: str) -> Iterator[str]:
    """Give a regular verb's forms; a `!` at its end says that the last letter is doubled.

    >>> " ".join(verb_forms("hug!")), " ".join(verb_forms("cry"))
    ('hug hugs hugged hugging', 'cry cries cried crying')
    """
    stem = verb.rstrip("!")
    yield stem
    yield noun_plural(stem)
    longer = stem + (stem[-1].replace("c", "k") if verb.endswith("!") else "")
    if longer.endswith("e"):
        yield longer + "d"
        yield longer[:-1] + "ing"
    elif longer.endswith("y") and longer[-2] not in _VOWELS:
        yield longer[:-1] + "ied"
        yield longer + "ing"
    else:
        yield longer + "ed"
        yield longer + "ing"


def noun_plural(noun: str) -> str:
    """Return a regular noun's plural, which is a verb's third person as well.

    >>> noun_plural("enemy"), noun_plural("crash"), noun_plural("joy")
    ('enemies', 'crashes', 'joys')
    """
    if noun.endswith(("s", "x", "z", "sh", "ch")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in _VOWELS:
        return noun[:-1] + "ies"
    return noun + "s"
