"""The origins: from which sites' pages feedback is taken, and what their browsers are told (CORS)."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from homeostat.core.errors import ConfigError

PATH = "/feedback"
HOUR_S = 3_600


class Origins:
    """The sites whose pages may send feedback, by default none but the server's own.

    >>> Origins(["https://shop.example/"]).allows("https://shop.example")
    True
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(_origin(one) for one in allowed)

    def __bool__(self) -> bool:
        return bool(self._allowed)

    def allows(self, origin: str | None) -> bool:
        """Tell whether the pages of another site may send feedback here."""
        return origin is not None and origin.lower() in self._allowed

    def opens(self, path: str, headers: Headers) -> bool:
        """Tell whether a request is feedback from a page of an allowed site."""
        return path == PATH and self.allows(headers.get("origin"))

    def told(self, headers: Headers) -> dict[str, str]:
        """Return what the browser of such a page is told; nothing where the site is not allowed."""
        origin = headers.get("origin")
        if not self.allows(origin) or origin is None:
            return {"vary": "origin"} if self._allowed else {}
        return {
            "vary": "origin",
            "access-control-allow-origin": origin,
            "access-control-allow-methods": "GET, POST, DELETE",
            "access-control-allow-headers": "authorization, content-type",
            "access-control-max-age": str(HOUR_S),
            "cross-origin-resource-policy": "cross-origin",
        }


def _origin(text: str) -> str:
    address = urlsplit(text.strip())
    if address.scheme not in ("http", "https") or not address.netloc or address.path not in ("", "/"):
        raise ConfigError(f"an origin is scheme and host, such as https://shop.example, not {text!r}")
    return f"{address.scheme}://{address.netloc}".lower()
