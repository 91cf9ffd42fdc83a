"""Opening a bus by its address: the one setting that takes events past one machine."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from homeostat.core.clock import Clock
from homeostat.core.errors import ConfigError, NotAvailable
from homeostat.runtime.bus.backend import Backend
from homeostat.runtime.bus.settings import Settings


async def open_backend(settings: Settings, clock: Clock) -> Backend:
    """Open what keeps the events.

    Raises ConfigError for an address that names no file, NotAvailable where a package is missing or a
    server does not answer, StoreError where a file cannot be used.
    """
    scheme = urlsplit(settings.address).scheme if "://" in settings.address else ""
    if scheme in ("", "sqlite"):
        from homeostat.runtime.bus.in_file.backend import file_backend

        return await file_backend(file_of(settings.address), settings, clock)
    try:
        from homeostat.runtime.bus.on_redis.backend import redis_backend
    except ModuleNotFoundError as error:
        raise NotAvailable(f"{error.name} is not installed: pip install 'homeostat[redis]'") from None
    return await redis_backend(settings, clock)


def file_of(address: str) -> Path:
    """Return the path of a bus's file.

    >>> file_of("sqlite:////var/lib/bus.db"), file_of("bus.db")
    (PosixPath('/var/lib/bus.db'), PosixPath('bus.db'))
    """
    path = unquote(urlsplit(address).path)[1:] if "://" in address else address
    if not path.strip():
        raise ConfigError("the address of the bus names no file: give a path, or sqlite:///path")
    if path == ":memory:":
        raise ConfigError("events outlive their process: give the path of a file rather than :memory:")
    return Path(path).expanduser()
