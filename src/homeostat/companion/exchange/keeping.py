"""Keeping many: messages in one transaction where all are good, else each on its own."""

from collections.abc import Sequence

from homeostat.companion.companion import Companion
from homeostat.companion.limits import checked
from homeostat.companion.message import NewMessage
from homeostat.core.errors import InputError, UnknownPerson

BATCH = 500
"""Messages of one transaction."""

BATCH_CHARS = 4 << 20
"""Characters of one transaction, beyond which it takes no further message."""

Kept = int | InputError
"""The seq of a message, or why it was not kept."""


def keep(companion: Companion, person: str, messages: Sequence[NewMessage], reached: int = 0) -> list[Kept]:
    """Keep those that can be kept, and say of each what became of it.

    `reached` is the highest seq that came of the same source before. Raises StoreError, and UnknownPerson
    where the person was forgotten since: what was on its way to them is not to begin a new memory.
    """
    if reached and companion.last_seq(person) < reached:
        raise UnknownPerson("the person was forgotten while messages came in; the rest is not kept")
    results: list[Kept] = [_fault(message) or 0 for message in messages]
    good = [place for place, result in enumerate(results) if result == 0]
    try:
        seqs: Sequence[Kept] = companion.receive_many(person, [messages[place] for place in good])
    except InputError:  # of one against those that are kept already: say of which
        seqs = [_one(companion, person, messages[place]) for place in good]
    for place, seq in zip(good, seqs, strict=True):
        results[place] = seq
    return results


def highest(results: Sequence[Kept], before: int = 0) -> int:
    """Return the highest seq among results, and `before`."""
    return max(before, *(result for result in results if isinstance(result, int)), 0)


def _one(companion: Companion, person: str, message: NewMessage) -> Kept:
    try:
        return companion.receive_many(person, [message])[0]
    except InputError as error:
        return error


def _fault(message: NewMessage) -> InputError | None:
    try:
        checked(message)
    except InputError as error:
        return error
    return None
