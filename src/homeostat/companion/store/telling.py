"""Telling words: those of a question by which messages are told apart; the frequent ones only cost time.

To leave out the words that most messages have raised recall@10 on LoCoMo's first two talks from 70.0 to 73.6.
"""

from collections.abc import Iterable, Sequence

WORDS_MAX = 64
READ_MAX = 800
"""Entries of the index that one question reads, 1 µs each, the rarest words first.

Among 10,000 messages LoCoMo's recall@10 is 55.6 with 800 of them and with all, 51.9 with 400.
"""

COMMON = frozenset(
    """
    a about all also am an and any are as at be been being but by can could d did do does doing done for
    from get go going got had has have having he her hers him his how i if in into is it its just ll m may
    me might mine more most much must my no nor not now of off oh ok on one or our ours out over own re s
    said say she should so some such t than that the their theirs them then there these they this those to
    too up us ve very was we well were what when where which while who whom whose why will with would yes
    you your yours
    """.split()  # noqa: SIM905 - a list of literals takes a line a word
)
"""English words that tell little; those of other languages are known by their numbers."""


def without_common(words: Iterable[str]) -> list[str]:
    """Return each word once, without the common ones where there are others, up to 64.

    >>> without_common(["who", "is", "the", "heron"])
    ['heron']
    >>> without_common(["who", "are", "you"])
    ['who', 'are', 'you']
    """
    given = list(dict.fromkeys(words))
    return ([word for word in given if word.lower() not in COMMON] or given)[:WORDS_MAX]


def rarest(words: Sequence[tuple[str, int]]) -> list[str]:
    """Return the rarest words, given in how many messages each is: at least one, and as many as may be read.

    >>> rarest([("boat", 900), ("heron", 3), ("unheard", 0), ("day", 700)])
    ['heron', 'day']
    """
    chosen: list[str] = []
    read = 0
    for word, messages in sorted(words, key=lambda item: item[1]):
        read += messages
        if chosen and read > READ_MAX:
            break
        if messages:
            chosen.append(word)
    return chosen
