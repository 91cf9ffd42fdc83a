"""Opening a back-end by its address: the one setting that takes jobs past one machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from homeostat.core.clock import Clock
from homeostat.core.errors import ConfigError, NotAvailable
from homeostat.runtime.jobs.backend import Backend
from homeostat.runtime.jobs.settings import Settings

REDIS = ("redis", "rediss")
RABBITMQ = ("amqp", "amqps")
POSTGRESQL = ("postgresql", "postgres")


async def open_backend(settings: Settings, clock: Clock) -> Backend:
    """Open the back-end at an address.

    Raises ConfigError for an address that says nothing to us, NotAvailable where a package is missing or a
    server does not answer, StoreError where a file cannot be used.
    """
    scheme = urlsplit(settings.address).scheme if "://" in settings.address else ""
    if scheme in ("", "sqlite"):
        from homeostat.runtime.jobs.embedded.backend import embedded_backend

        return await embedded_backend(file_of(settings.address), settings, clock)
    if scheme in POSTGRESQL:
        with _needs("pgqueuer"):
            from homeostat.runtime.jobs.on_postgresql.backend import postgresql_backend
        return await postgresql_backend(settings, clock)
    if scheme in REDIS + RABBITMQ:
        with _needs("celery"):
            from homeostat.runtime.jobs.on_celery.backend import celery_backend
        return await celery_backend(settings, clock)
    raise ConfigError(
        f"jobs have no engine for {scheme!r}: give a path, or a URL of redis, amqp or postgresql"
    )


def file_of(address: str) -> Path:
    """Return the path of the embedded queue's file.

    >>> file_of("sqlite:////var/lib/jobs.db"), file_of("jobs.db")
    (PosixPath('/var/lib/jobs.db'), PosixPath('jobs.db'))
    """
    path = unquote(urlsplit(address).path)[1:] if "://" in address else address
    if not path.strip():
        raise ConfigError("the address of the jobs names no file: give a path, or sqlite:///path")
    if path == ":memory:":
        raise ConfigError("jobs outlive their process: give the path of a file rather than :memory:")
    return Path(path).expanduser()


@contextmanager
def _needs(extra: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise NotAvailable(f"{error.name} is not installed: pip install 'homeostat[{extra}]'") from None
