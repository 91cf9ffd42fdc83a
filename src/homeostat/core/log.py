"""Logging: events with key-values, through the standard library's `homeostat` logger.

A library must not print on its own: what is shown, and how, is the host application's choice. The
command line renders these events with structlog.
"""

import logging

logger = logging.getLogger("homeostat")
logger.addHandler(logging.NullHandler())


def event(name: str, level: int = logging.INFO, error: BaseException | None = None, **values: object) -> None:
    """Log one event. The values are on the record as `event_values`, for structured handlers."""
    if logger.isEnabledFor(level):
        text = " ".join((name, *(f"{k}={v!r}" for k, v in values.items())))
        logger.log(level, "%s", text, exc_info=error, extra={"event_name": name, "event_values": values})
