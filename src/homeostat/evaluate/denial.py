"""Denial: the words of an English text in their order, and which of them are denied."""

import re
from collections.abc import Iterator

NEGATORS = frozenset(
    """
    aint ain't arent aren't barely cannot cant can't couldnt couldn't didnt didn't doesnt doesn't dont don't
    hadnt hadn't hardly hasnt hasn't havent haven't isnt isn't neither never no nobody none nor not nothing
    scarcely shouldnt shouldn't wasnt wasn't werent weren't without wont won't wouldnt wouldn't
    """.split()  # noqa: SIM905 (as a list it is one word a line)
)

_TURNS = NEGATORS | {"but"}

REACH = 4
"""So many words after a negator are denied, up to a mark or `but`."""

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[.!?;,:\n]+")


def tokens_of(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the words of a text in small letters and the marks between them, and whether they are denied.

    >>> [word for word, denied in tokens_of("It’s not dark, only late.") if denied]
    ['dark']
    """
    reach = 0
    for word in _TOKEN.findall(text.lower().replace("’", "'")):
        if word in _TURNS:
            reach = 0 if word == "but" else REACH
            yield word, False
        elif word[0].isalnum():
            yield word, reach > 0
            reach -= 1
        else:
            reach = 0
            yield word, False
