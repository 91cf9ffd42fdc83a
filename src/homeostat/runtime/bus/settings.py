"""The settings of a bus: where it is, and what bounds it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from homeostat.core.errors import ConfigError

SCHEMES = ("sqlite", "redis", "rediss")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a `Bus` was made with."""

    name: str
    address: str = field(repr=False)
    lag_max: int
    keep_s: float
    kept_max: int
    lease_s: float

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ConfigError(f"a bus's name has letters, digits and _, such as 'bus', not {self.name!r}")
        scheme = urlsplit(self.address).scheme if "://" in self.address else "sqlite"
        if scheme not in SCHEMES:
            raise ConfigError(f"a bus has no engine for {scheme!r}: give a path, or a URL of redis")
        if not 1 <= self.lag_max <= self.kept_max:
            raise ConfigError(
                f"lag_max must lie from 1 to kept_max ({self.kept_max}), not {self.lag_max!r}: "
                "what a subscriber has still to come must be kept"
            )
        if not self.keep_s >= 0:
            raise ConfigError(f"keep_s must be 0 or more, not {self.keep_s!r}")
        if not 0.2 <= self.lease_s <= 3_600:
            raise ConfigError(f"lease_s must lie from 0.2 to 3600 seconds, not {self.lease_s!r}")
