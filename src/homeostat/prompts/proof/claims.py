"""Claims: what the maker of a changed library says that was done to it, for the verification to check."""

import msgspec


class Edit(msgspec.Struct, frozen=True):
    """A line of a module that reads otherwise now: `now` is empty where it is gone.

    `line` is where `was` stood, from 1, in the text that the pass was given. `was` may hold a reference and
    the words around it, and nothing that must be kept: no constraint, number, placeholder or code. Where the
    text of another module took the line's place, that text is `now`.
    """

    path: str
    line: int
    was: str
    now: str


class Claims(msgspec.Struct, frozen=True):
    """Which lines read otherwise, and which modules lost words on purpose; of all others no word is lost."""

    edits: tuple[Edit, ...] = ()
    lossy: tuple[str, ...] = ()
