"""The address of a store: a file, memory, or a database; what is shown of it has no password."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from homeostat.core.errors import ConfigError

MEMORY = ":memory:"
POSTGRES_SCHEMES = ("postgresql", "postgres")
_REMEDY = "give a path, sqlite:///path, or postgresql://user@host/database"


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a store is: at `file`, in a database at `url`, or, with neither, in memory.

    `shown` names it to people: it holds no secrets, which is why it is what is printed. Raises ConfigError.

    >>> StoreAddress.of("postgresql://app:secret@db.example/metrics")
    postgresql://app@db.example/metrics
    >>> StoreAddress.of("sqlite:///today.db").file
    PosixPath('today.db')
    """

    shown: str
    file: Path | None = None
    url: str | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return self.shown

    __str__ = __repr__

    @classmethod
    def of(cls, text: "Path | str | StoreAddress") -> "StoreAddress":
        """Read a path, `sqlite:///path`, `:memory:` or `postgresql://user:password@host/database`."""
        if isinstance(text, StoreAddress):
            return text
        if isinstance(text, Path):
            return cls(str(text), file=text)
        if text == MEMORY:
            return cls(MEMORY)
        if "://" not in text:
            if not text.strip():
                raise ConfigError(f"the store's address is empty; {_REMEDY}")
            file = Path(text).expanduser()
            return cls(str(file), file=file)
        scheme = text.partition("://")[0]
        if scheme in POSTGRES_SCHEMES:
            return cls(_without_secrets(text), url=text)
        if scheme != "sqlite":
            raise ConfigError(f"no store has the scheme {scheme!r}; {_REMEDY}")
        return _sqlite(text)


def _sqlite(text: str) -> StoreAddress:
    url = urlsplit(text)
    if url.netloc or url.query or url.fragment:
        raise ConfigError(f"{text!r} has more than a path; an SQLite address is sqlite:///path")
    # As is customary, three slashes begin a relative path and four an absolute one.
    name = unquote(url.path)[1:]
    if name == MEMORY:
        return StoreAddress(MEMORY)
    if not name:
        raise ConfigError(f"{text!r} names no file; an SQLite address is sqlite:///path")
    return StoreAddress(name, file=Path(name))


def _without_secrets(text: str) -> str:
    """Return a database's address without password and options.

    A password whose signs are not escaped would show up in the host or the path: such an address is
    refused, without being quoted.
    """
    scheme, _, rest = text.partition("://")
    place = rest.partition("?")[0]
    authority, _, database = place.partition("/")
    user, _, hosts = authority.rpartition("@")
    odd = any(sign in part for part in (user, hosts, database) for sign in "@#")
    odd = odd or "?" in user or any(not _is_host(host) for host in hosts.split(","))
    if odd:
        raise ConfigError(
            "the store's address cannot be read as postgresql://user:password@host:5432/database; "
            "in a password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23"
        )
    name = user.partition(":")[0]
    return f"{scheme}://{name + '@' if name else ''}{hosts}{'/' + database if database else ''}"


def _is_host(text: str) -> bool:
    """Tell whether this can be a host, with or without a port; libpq shows anything else in its errors."""
    if text.startswith("["):
        host, _, port = text.partition("]")
        return port == "" or (port.startswith(":") and port[1:].isdigit())
    host, colon, port = text.partition(":")
    return not colon or port.isdigit() or (not host and not port)
