"""The log: notices as events."""

import logging

from homeostat.core.log import event
from homeostat.core.notice import Notice, Occasion


class LogSender:
    """Writes each notice as one event; never fails."""

    def send(self, notice: Notice) -> None:
        """Log it: a recovery as information, all else as a warning."""
        level = logging.INFO if notice.occasion is Occasion.RECOVERED else logging.WARNING
        event(
            "homeostat.alert",
            level,
            id=notice.id,
            occasion=notice.occasion.value,
            severity=notice.severity.value,
            title=notice.title,
        )
