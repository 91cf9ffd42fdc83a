"""The poster: one request to an endpoint, bounded in time and in bytes."""

import math
from collections.abc import Callable

import httpx2

from homeostat.core.clock import SECOND_NS
from homeostat.core.endpoint import KEY_VARIABLE, Endpoint
from homeostat.runtime.endpoint.unanswered import AskedToWait, Unanswered, Why
from homeostat.runtime.limits.deadline import remaining_s

CONNECT_TIMEOUT_S = 5.0
LEAST_TIMEOUT_S = 0.001
BYTES_MAX = 1024 * 1024
AGAIN = frozenset({408, 409, 425, 429})


class Poster:
    """Posts JSON to one endpoint. Any thread may post; close it at the end. It never tells the key."""

    def __init__(
        self,
        endpoint: Endpoint,
        now_ns: Callable[[], int],
        answer_timeout_s: float,
        bytes_max: int = BYTES_MAX,
    ) -> None:
        self._endpoint = endpoint
        self._now_ns = now_ns
        self._answer_timeout_s = answer_timeout_s
        self._bytes_max = bytes_max
        self._http = httpx2.Client(
            headers={"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {},
            timeout=httpx2.Timeout(answer_timeout_s, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,
        )

    def post(self, path: str, body: bytes) -> bytes:
        """Return what answers a body, within the timeout and the caller's deadline. Raises Unanswered."""
        endpoint = self._endpoint
        wait_s = max(min(self._answer_timeout_s, remaining_s()), LEAST_TIMEOUT_S)
        timeout = httpx2.Timeout(wait_s, connect=min(CONNECT_TIMEOUT_S, wait_s))
        until_ns = self._now_ns() + round(wait_s * SECOND_NS)
        late = Unanswered(f"{endpoint.host} does not answer within {wait_s:g} s", Why.TIMEOUT, again=True)
        received = bytearray()
        try:
            with self._http.stream(
                "POST",
                f"{endpoint.url}/{path}",
                content=body,
                headers={"content-type": "application/json"},
                timeout=timeout,
            ) as response:
                for piece in response.iter_bytes():
                    received += piece
                    if len(received) > self._bytes_max:
                        raise Unanswered(
                            f"{endpoint.host} answers more than {self._bytes_max:,} bytes", Why.RUBBISH
                        )
                    if self._now_ns() > until_ns:
                        raise late
        except httpx2.TimeoutException:
            raise late from None
        except httpx2.HTTPError as error:
            raise Unanswered(
                f"{endpoint.host} cannot be asked: {type(error).__name__}", Why.UNREACHABLE, again=True
            ) from None
        self._check(response)
        return bytes(received)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _check(self, response: httpx2.Response) -> None:
        host, code = self._endpoint.host, response.status_code
        if code in AGAIN or code >= httpx2.codes.INTERNAL_SERVER_ERROR:
            after_s = _seconds(response.headers.get("retry-after"))
            if after_s is not None:
                raise AskedToWait(f"{host} answers {code}, and to ask again in {after_s:g} s", after_s)
            raise Unanswered(f"{host} answers {code}", Why.REFUSED, again=True)
        if code != httpx2.codes.OK:
            raise Unanswered(
                f"{host} answers {code}; check the address, the model {self._endpoint.model!r}, "
                f"and the key in {KEY_VARIABLE}",
                Why.REFUSED,
            )


def _seconds(value: str | None) -> float | None:
    """Return a wait in seconds; None for the other form of the header, a date."""
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if 0.0 <= seconds < math.inf else None
