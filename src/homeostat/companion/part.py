"""The part: something that is learned from a person's messages, and kept in the notes of their memory."""

from typing import Protocol

from homeostat.companion.store.people import Memory


class Part(Protocol):
    """Palace, mirror, archaeology and the vectors of turns are parts: they follow at their own pace.

    A part keeps in its notes how far it has read (`Extent.last` and `generation`): to catch up twice is
    harmless, and one that was interrupted goes on where its last put ended.
    """

    name: str

    def catch_up(self, memory: Memory, limit: int) -> bool:
        """Learn from up to `limit` messages that are new; start anew where the generation has changed.

        Return whether it has caught up.
        """
        ...
