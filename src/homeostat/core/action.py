"""The action: what an alert can set off."""

from typing import Protocol

from homeostat.core.notice import Notice


class Action(Protocol):
    """Does something about an incident. It may be asked twice for one notice: `notice.id` tells."""

    def act(self, notice: Notice) -> None:
        """Do it, or raise HomeostatError saying why it could not be done; it is tried again later."""
        ...
