"""Logs of the server: events for people at a terminal, JSON lines otherwise."""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from homeostat.core.errors import ConfigError

LEVELS = ("debug", "info", "warning", "error")


def configure_logs(level: str) -> None:
    """Send the events of Homeostat, and the warnings of all libraries, to stderr."""
    if level.lower() not in LEVELS:
        raise ConfigError(f"--log-level must be one of {', '.join(LEVELS)}, not {level!r}")
    shared: list[Processor] = [
        _event_values,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    terminal = sys.stderr.isatty()
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if terminal
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    logging.getLogger("homeostat").setLevel(level.upper())


def _event_values(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Take an event's name and values from the record that `homeostat.core.log.event` made."""
    record = event.get("_record")
    name = getattr(record, "event_name", None)
    if name is not None:
        event["event"] = name
        event.update(getattr(record, "event_values", {}))
    return event
