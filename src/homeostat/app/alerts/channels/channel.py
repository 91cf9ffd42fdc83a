"""The channel: a way out for notices, and what they look like on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from homeostat.core.errors import HomeostatError
from homeostat.core.notice import Notice
from homeostat.core.target import Severity

TIMEOUT_S = 10.0


class Undelivered(HomeostatError):
    """A notice did not get out. The message is shown to people: it holds no address and no secret."""


class Sender(Protocol):
    """Sends notices one way."""

    def send(self, notice: Notice) -> None:
        """Send one, within the channel's time, or raise Undelivered."""
        ...


@dataclass(frozen=True, slots=True)
class Channel:
    """A named way out, for notices of at least a severity. `open` makes its sender, on first use."""

    name: str
    kind: str
    least: Severity
    open: Callable[[], Sender]


def json_of(notice: Notice) -> bytes:
    """Return a notice as JSON."""
    return msgspec.json.encode(notice)


def text_of(notice: Notice) -> str:
    """Return a notice as plain text: its title, then a line for each alert."""
    lines = [notice.title, ""]
    for alert in notice.alerts:
        subject = f" ({alert.subject})" if alert.subject else ""
        lines.append(f"- {alert.severity}: {alert.target}{subject}: {alert.words}")
        lines.append(f"  expected: {alert.expectation}")
    lines += ["", f"incident {notice.incident}, notice {notice.id}"]
    return "\n".join(lines)
