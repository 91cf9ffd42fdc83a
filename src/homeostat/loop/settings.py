"""The settings: one frozen object, built at the edge from arguments and the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from homeostat.core.application import Application
from homeostat.core.errors import ConfigError

DEFAULT_PORT = 4318
"""The port that OTLP over HTTP uses by convention."""


def default_store() -> str:
    """Return the path of the store that every program of this user shares unless told otherwise."""
    from platformdirs import user_data_path

    return str(user_data_path("homeostat", appauthor=False) / "homeostat.db")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a `Homeostat` object needs to know.

    `endpoint` (the address of a server) goes before `store` (a path or URL). With `keep=False` values
    stay in this process and end with it.
    """

    service: str = "app"
    release: str = ""
    store: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    token: str | None = field(default=None, repr=False)
    keep: bool = True
    collect: bool = True
    flush_interval_s: float = 1.0
    series_max: int = 1_000

    def __post_init__(self) -> None:
        """Refuse what cannot work, with the value and the remedy."""
        if not 0.05 <= self.flush_interval_s <= 60.0:
            raise ConfigError(
                f"flush_interval_s must lie between 0.05 and 60 seconds, not {self.flush_interval_s!r}"
            )
        if self.series_max < 1:
            raise ConfigError(f"series_max must be at least 1, not {self.series_max!r}")
        if self.endpoint is not None:
            address = urlsplit(self.endpoint)
            if address.scheme not in ("http", "https") or not address.hostname:
                example = f"http://127.0.0.1:{DEFAULT_PORT}"
                raise ConfigError(f"endpoint must be an address such as {example!r}, not {self.endpoint!r}")

    @property
    def application(self) -> Application:
        """Return what is observed."""
        return Application(self.service, self.release)

    def store_path(self) -> str:
        """Return the store's path or URL, the shared default if none was given."""
        return self.store or default_store()


def settings_from(
    environment: Mapping[str, str],
    *,
    service: str | None = None,
    release: str | None = None,
    store: str | Path | None = None,
    endpoint: str | None = None,
    token: str | None = None,
    keep: bool = True,
    collect: bool | None = None,
    flush_interval_s: float | None = None,
    series_max: int = 1_000,
) -> Settings:
    """Build the settings: an argument goes before the environment, which goes before the default.

    Read are HOMEOSTAT_SERVICE (else OTEL_SERVICE_NAME), HOMEOSTAT_RELEASE, HOMEOSTAT_STORE,
    HOMEOSTAT_ENDPOINT, HOMEOSTAT_TOKEN, HOMEOSTAT_FLUSH_INTERVAL_S and HOMEOSTAT_COLLECT (`0` turns the
    collectors off; they are off too with `keep=False`). A store given as an argument goes before an
    endpoint of the environment.
    """
    interval = environment.get("HOMEOSTAT_FLUSH_INTERVAL_S")
    try:
        seconds = flush_interval_s if flush_interval_s is not None else float(interval or 1.0)
    except ValueError:
        raise ConfigError(
            f"HOMEOSTAT_FLUSH_INTERVAL_S must be a number of seconds, not {interval!r}"
        ) from None
    return Settings(
        service=service
        or environment.get("HOMEOSTAT_SERVICE")
        or environment.get("OTEL_SERVICE_NAME")
        or "app",
        release=release if release is not None else environment.get("HOMEOSTAT_RELEASE", ""),
        store=str(store) if store is not None else environment.get("HOMEOSTAT_STORE") or None,
        endpoint=endpoint or (None if store is not None else environment.get("HOMEOSTAT_ENDPOINT") or None),
        token=token or environment.get("HOMEOSTAT_TOKEN") or None,
        keep=keep,
        collect=collect if collect is not None else keep and environment.get("HOMEOSTAT_COLLECT") != "0",
        flush_interval_s=seconds,
        series_max=series_max,
    )
