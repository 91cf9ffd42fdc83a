"""What is held of a person beside their messages: which rows of vectors, and which notes."""

from collections.abc import Iterable, Mapping
from itertools import count, takewhile

from homeostat.companion.archaeology.learned import NO_NOTES
from homeostat.companion.mirror.mirror import CORRECTIONS, DECISIONS, LEARNED, OFF
from homeostat.companion.palace.keeping import HEAD, page_name
from homeostat.companion.search.windows import KIND as WINDOW
from homeostat.companion.search.windows import NOTE as WINDOWS
from homeostat.companion.search.windows import progress_of
from homeostat.companion.store.people import Memory
from homeostat.companion.turns import KIND as TURN
from homeostat.companion.turns import NOTE as TURNS
from homeostat.companion.turns import model_of

NOTES = (TURNS, WINDOWS, LEARNED, DECISIONS, CORRECTIONS, OFF, HEAD, *NO_NOTES)
"""Notes with names that are known beforehand; the palace has pages beside its head."""


def kinds_of(memory: Memory) -> Mapping[str, str]:
    """Return the kinds of rows that are kept, and the model under which each is."""
    turns, windows = model_of(memory), progress_of(memory)
    found = {TURN: turns, WINDOW: None if windows is None else windows.model}
    return {kind: model for kind, model in found.items() if model}


def notes_of(memory: Memory) -> Iterable[str]:
    """Yield the names of the notes that may be there."""
    yield from NOTES
    yield from takewhile(lambda name: memory.notes.get(name) is not None, map(page_name, count()))
