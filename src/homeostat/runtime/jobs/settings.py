"""The settings of jobs: where they are, and what bounds them."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from homeostat.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Settings:
    """What `Jobs` was made with; `records` is a Redis address beside RabbitMQ, which keeps no results."""

    name: str
    address: str = field(repr=False)
    records: str = field(repr=False)
    lease_s: float
    waiting_max: int
    kept_max: int

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ConfigError(f"a queue's name has letters, digits and _, such as 'jobs', not {self.name!r}")
        if not 0.5 <= self.lease_s <= 3_600:
            raise ConfigError(f"lease_s must lie from 0.5 to 3600 seconds, not {self.lease_s!r}")
        if self.waiting_max < 1 or self.kept_max < 1:
            raise ConfigError(
                f"waiting_max and kept_max must be 1 or more, not {self.waiting_max!r} and {self.kept_max!r}"
            )
        for address in (self.address, self.records):
            _check(address)
        scheme = urlsplit(self.address).scheme if "://" in self.address else ""
        if scheme in ("amqp", "amqps"):
            if not self.records.startswith(("redis://", "rediss://")):
                raise ConfigError(
                    "RabbitMQ keeps no results and no keys: give records='redis://…' beside its address"
                )
        elif self.records:
            raise ConfigError(f"records= is for RabbitMQ only; leave it out beside {scheme or 'a file'}")


def _check(address: str) -> None:
    """Raise ConfigError for an address whose parts cannot be told apart, without quoting it."""
    scheme, separator, rest = address.partition("://")
    if not separator or scheme == "sqlite":
        return
    authority = rest.partition("/")[0].partition("?")[0]
    try:
        odd = authority.count("@") > 1 or "@" in rest[len(authority) :].partition("?")[0]
        if scheme.partition("+")[0] not in ("postgresql", "postgres"):  # which may name several hosts
            odd = odd or urlsplit(address).port == 0
    except ValueError:
        odd = True
    if odd:
        raise ConfigError(
            f"the address of the jobs cannot be read as {scheme}://user:password@host:port/name; "
            "in a password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23"
        )
