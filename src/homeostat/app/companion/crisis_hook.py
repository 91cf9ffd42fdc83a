"""The hook of a crisis: an address of the operator's that is told who may be in danger."""

import os
import time
from collections.abc import Callable, Mapping

import msgspec
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from homeostat.app.alerts.channels.channel import Undelivered
from homeostat.app.alerts.channels.webhook import post
from homeostat.companion.crisis_desk import Heard, Hook
from homeostat.core.errors import ConfigError

TOKEN_VARIABLE = "HOMEOSTAT_CRISIS_TOKEN"  # noqa: S105 - a name
TIMEOUT_S = 5.0
ATTEMPTS = 4
WAIT = wait_exponential(multiplier=0.5, exp_base=4)
"""Between attempts: 0.5, 2 and 8 s."""


def crisis_hook(
    url: str, environment: Mapping[str, str] = os.environ, sleep: Callable[[float], None] = time.sleep
) -> Hook:
    """Return what posts `{person, kind, at_us}` to an address, again where that fails; no word of a message.

    `HOMEOSTAT_CRISIS_TOKEN` goes as bearer token. Raises ConfigError for what is no address.
    """
    if not url.startswith(("http://", "https://")):
        raise ConfigError(
            f"the hook of a crisis is an address such as https://example.org/crisis, not {url!r}"
        )
    token = environment.get(TOKEN_VARIABLE, "")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    again = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=WAIT,
        retry=retry_if_exception_type(Undelivered),
        sleep=sleep,
        reraise=True,
    )

    def tell(person: str, heard: Heard) -> None:
        body = msgspec.json.encode({"person": person, "kind": heard.kind, "at_us": heard.at_us})
        again(post, url, body, headers, TIMEOUT_S)

    return tell
