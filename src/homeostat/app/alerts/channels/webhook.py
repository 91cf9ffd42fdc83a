"""The webhook: a notice as JSON, posted to an address."""

from functools import cache
from ssl import SSLContext

from homeostat.app.alerts.channels.channel import TIMEOUT_S, Undelivered, json_of
from homeostat.core.notice import Notice


@cache
def _trusted() -> SSLContext:
    """Return whose certificates hold. To read them takes 20 ms of a processor: too much for each post."""
    import httpx2

    return httpx2.create_ssl_context()


def post(url: str, body: bytes, headers: dict[str, str], timeout_s: float) -> None:
    """Post JSON; raise Undelivered for anything but a 2xx, without what the answer says: it may be secret."""
    import httpx2

    try:
        with httpx2.Client(verify=_trusted(), timeout=timeout_s, follow_redirects=False) as client:
            answer = client.post(url, content=body, headers={"content-type": "application/json", **headers})
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Undelivered(f"no answer ({type(error).__name__})") from None
    if not 200 <= answer.status_code < 300:
        raise Undelivered(f"answered with status {answer.status_code}")


class WebhookSender:
    """Posts notices; the header `Idempotency-Key` is the notice's id. A `secret` goes as bearer token."""

    def __init__(self, url: str, secret: str = "", timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._headers = {"authorization": f"Bearer {secret}"} if secret else {}
        self._timeout_s = timeout_s

    def send(self, notice: Notice) -> None:
        """Post one notice."""
        post(self._url, json_of(notice), {**self._headers, "idempotency-key": notice.id}, self._timeout_s)
