"""What is held of a person beside their messages: which rows of vectors, and which notes."""

from collections.abc import Iterable, Mapping
from itertools import count, takewhile

from homeostat.companion.archaeology.learned import NO_NOTES
from homeostat.companion.dream.diary import NOTE as DIARY
from homeostat.companion.dream.wishes import NOTE as WISHES
from homeostat.companion.mirror.mirror import CORRECTIONS, DECISIONS, LEARNED, OFF
from homeostat.companion.palace.keeping import HEAD, page_name
from homeostat.companion.store.people import Memory
from homeostat.companion.turns import KIND as TURN
from homeostat.companion.turns import NOTE as TURNS
from homeostat.companion.turns import model_of

NOTES = (TURNS, LEARNED, DECISIONS, CORRECTIONS, OFF, HEAD, DIARY, WISHES, *NO_NOTES)
"""Notes with names that are known beforehand; the palace has pages beside its head.

The diary of dreams is a note, and no message: whoever reads an archive tells it apart by its place.
"""


def kinds_of(memory: Memory) -> Mapping[str, str]:
    """Return the kinds of rows that are kept, and the model under which each is."""
    model = model_of(memory)
    return {TURN: model} if model else {}


def notes_of(memory: Memory) -> Iterable[str]:
    """Yield the names of the notes that may be there."""
    yield from NOTES
    yield from takewhile(lambda name: memory.notes.get(name) is not None, map(page_name, count()))
