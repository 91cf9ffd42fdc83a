"""The lifetime: how long a value is served, by the kind of thing that it is."""

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError

TTL_S_MAX = 10 * 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class Lifetime:
    """For how many seconds a value, an absence and an error are believed.

    A value is fresh for `ttl_s`, less a random share of up to `jitter`, so that what was loaded together does
    not end together. For `stale_s` more it is served while a newer one is loaded. None, which says that
    there is no such thing, is kept for `absent_s`; an error of one of `errors` for `error_s`, in memory only.
    """

    ttl_s: float
    stale_s: float = 0.0
    absent_s: float = 0.0
    error_s: float = 0.0
    errors: tuple[type[Exception], ...] = ()
    jitter: float = 0.1

    def __post_init__(self) -> None:
        for field, low, high in (
            ("ttl_s", 0.001, TTL_S_MAX),
            ("stale_s", 0.0, TTL_S_MAX),
            ("absent_s", 0.0, TTL_S_MAX),
            ("error_s", 0.0, TTL_S_MAX),
            ("jitter", 0.0, 1.0),
        ):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ConfigError(f"{field} of a lifetime must be from {low:g} to {high:g}, not {value!r}")
        if bool(self.errors) != bool(self.error_s):
            raise ConfigError("to keep errors say both: `errors`, which ones, and `error_s`, for how long")

    def times_ns(self, value: object, uniform: Callable[[], float]) -> tuple[int, int]:
        """Return for how long a value is fresh and when it is dead, from now; both 0 where it is not kept."""
        if value is None:
            kept_ns = int(self.absent_s * SECOND_NS)
            return kept_ns, kept_ns
        fresh_ns = int(self.ttl_s * (1.0 - self.jitter * uniform()) * SECOND_NS)
        return fresh_ns, fresh_ns + int(self.stale_s * SECOND_NS)


@cache
def named_lifetimes() -> Mapping[str, Lifetime]:
    """Return the lifetimes by kind that come with Homeostat (`lifetimes.toml`)."""
    text = files("homeostat.runtime.cache").joinpath("lifetimes.toml").read_text(encoding="utf-8")
    return MappingProxyType({kind: Lifetime(**values) for kind, values in tomllib.loads(text).items()})


def lifetime_of(kind: "str | float | Lifetime") -> Lifetime:
    """Return a lifetime as it is, of so many seconds, or by its kind; raise ConfigError for others."""
    if isinstance(kind, Lifetime):
        return kind
    if isinstance(kind, int | float) and not isinstance(kind, bool) and math.isfinite(kind):
        return Lifetime(float(kind))
    known = named_lifetimes()
    if not isinstance(kind, str) or kind not in known:
        names = ", ".join(field.name for field in fields(Lifetime))
        raise ConfigError(
            f"there is no lifetime {kind!r}: give seconds, one of {', '.join(known)}, or a Lifetime ({names})"
        )
    return known[kind]
