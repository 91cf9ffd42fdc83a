"""The declaration: what is kept of people's experience, for how long, and what never is."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from homeostat.core.errors import ConfigError

KEPT_DAYS = 90
KEPT_DAYS_MAX = 400

TRACKED: Mapping[str, str] = MappingProxyType(
    {
        "feedback": "what you answer when you are asked: rating, thumb, recommendation, ten statements; "
        "and when you were asked",
        "sessions": "when you use it: first and last moment of each session, and how many interactions",
        "features": "which features you use in a session, and how often",
        "tasks": "what you set out to do: begun, done or not, errors, further tries, and how long it took",
        "preferences": "that you chose again what you chose before; of what you chose only a digest",
        "adaptations": "what was adapted to you, and whether you kept it",
        "comments": "what you write into the free field, encrypted",
    }
)
"""What can be tracked, in the words in which people are told."""

UNASKED = tuple(name for name in TRACKED if name != "comments")
"""What is kept where an application declares nothing else: no text of people."""

NEVER = (
    "your name or address: you are known by a keyed hash",
    "anything that you write or are told elsewhere",
    "where you are, your device, or what you do elsewhere",
)


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of the people of one application: nothing beyond `track` is."""

    service: str
    track: tuple[str, ...] = UNASKED
    keep_days: int = KEPT_DAYS

    def checked(self) -> "Declaration":
        """Return it, or raise ConfigError."""
        unknown = [name for name in self.track if name not in TRACKED]
        if unknown or not self.track:
            raise ConfigError(f"track takes {', '.join(TRACKED)}, at least one, not {unknown[:3]!r}")
        if not 1 <= self.keep_days <= KEPT_DAYS_MAX:
            raise ConfigError(f"keep_days must be from 1 to {KEPT_DAYS_MAX}, not {self.keep_days!r}")
        return self

    def told(self) -> dict[str, object]:
        """Return it as people are told."""
        return {
            "service": self.service,
            "kept": {name: TRACKED[name] for name in TRACKED if name in self.track},
            "kept_days": self.keep_days,
            "never": NEVER,
        }
