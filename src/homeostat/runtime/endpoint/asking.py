"""Asking: questions to an endpoint that is slow, fails or is rude, within what it and the caller can give."""

import time
from collections.abc import Callable

from homeostat.act.knobs.declaration import declared
from homeostat.core.endpoint import Endpoint
from homeostat.runtime.endpoint.poster import Poster
from homeostat.runtime.endpoint.unanswered import Unanswered, Why
from homeostat.runtime.host import Host
from homeostat.runtime.limits.breaker import Breaker
from homeostat.runtime.limits.pace import Pace
from homeostat.runtime.limits.refused import CircuitOpen, RateExceeded
from homeostat.runtime.limits.retry import Retry

ANSWER_TIMEOUT_S = 30.0
RETRY_WAIT_MAX_S = 10.0


class Asking:
    """Questions to one endpoint: no faster than the knob `<name>_rate` a second, again where that helps, and
    not at all for a while after it failed (`Breaker`). Any thread may ask; close it at the end.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        endpoint: Endpoint,
        *,
        rate: float = 5.0,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._poster = Poster(endpoint, host.clock.monotonic_ns, answer_timeout_s)
        self._breaker = Breaker(host, name, slow_s=answer_timeout_s, calls_min=5)
        turned = host.knob_set.declare(declared(f"{name}_rate", rate, low=0.01, high=1_000.0, log=True))
        self._pace = Pace(turned.get, host.clock.monotonic_ns, sleep)
        retry = Retry(host, name, on=_is_worth_another_try, wait_max_s=RETRY_WAIT_MAX_S)
        self._asked = retry(self._once)

    def ask(self, path: str, body: bytes) -> bytes:
        """Return the answer to a question. Raises Unanswered, or DeadlinePassed where the caller's has."""
        try:
            return self._asked(path, body)
        except RateExceeded as error:
            raise Unanswered(str(error), Why.RATE) from None
        except CircuitOpen as error:
            raise Unanswered(str(error), Why.OPEN) from None

    def close(self) -> None:
        """Close its connections."""
        self._poster.close()

    def _once(self, path: str, body: bytes) -> bytes:
        self._pace.wait()
        with self._breaker.call():
            return self._poster.post(path, body)


def _is_worth_another_try(error: Exception) -> bool:
    return isinstance(error, Unanswered) and error.again
