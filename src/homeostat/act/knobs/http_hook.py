"""The HTTP hook: sets a knob of another process by a request to it."""

import time
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from homeostat.core.errors import ConfigError, NotApplied
from homeostat.core.knob import Value

WAITS_S = (0.2, 1.0)
"""Before the second and the third attempt."""

BODY_MAX = 65_536


class HttpHook:
    """An actuator that puts `{"knob": …, "value": …}` as JSON to a URL, with a bearer token if one is given.

    Confirmed is an answer of 2xx; where it is JSON with a `value`, that must be the one that was put. No
    answer, 429 and 5xx are tried again, three times in all; anything else raises at once. Putting is
    idempotent. Proxies of the environment are not asked for addresses of this machine.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        timeout_s: float = 2.0,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Check the address; raise ConfigError for one that is none, or that would tell the token to all."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not _has_port(parts):
            raise ConfigError(f"a hook needs an address such as 'http://127.0.0.1:9000/knob', not {url!r}")
        self._loopback = _is_loopback(parts.hostname)
        if token and parts.scheme == "http" and not self._loopback:
            raise ConfigError(
                f"a token goes over https, or to this machine; not to {parts.hostname!r} by http"
            )
        if not 0.0 < timeout_s <= 60.0:
            raise ConfigError(f"timeout_s must be above 0, up to 60 seconds, not {timeout_s!r}")
        self._url = url
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._timeout_s = timeout_s
        self._wait = wait

    def apply(self, knob: str, value: Value) -> None:
        """Put the value; raise NotApplied where it is not confirmed."""
        for wait_s in (*WAITS_S, None):
            failure, again = self._attempt(knob, value)
            if not failure:
                return
            if not again or wait_s is None:
                raise NotApplied(f"knob {knob!r} was not set to {value!r}: its hook {failure}")
            self._wait(wait_s)

    def _attempt(self, knob: str, value: Value) -> tuple[str, bool]:
        """Put the value once; return what went wrong, if anything, and whether trying again helps."""
        import httpx2

        try:
            with httpx2.Client(
                timeout=self._timeout_s,
                follow_redirects=False,
                headers=self._headers,
                trust_env=not self._loopback,
            ) as client:
                answer = client.put(self._url, json={"knob": knob, "value": value})
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return f"gave no answer ({type(error).__name__})", True
        if not 200 <= answer.status_code < 300:
            again = answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.status_code >= 500
            return f"answered with status {answer.status_code}", again
        found = _value_in(answer.content)
        if found is not None and (found != value or isinstance(found, bool) != isinstance(value, bool)):
            return f"answered that the value is {found!r}", False
        return "", False


def _value_in(body: bytes) -> object:
    """Return the `value` of a JSON answer, None where it holds none."""
    import msgspec

    if len(body) > BODY_MAX:
        return None
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    return answer.get("value") if isinstance(answer, dict) else None


def _has_port(parts: SplitResult) -> bool:
    """Tell whether the port is a number of a port, or left out."""
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
