"""Slack: a notice in the form that its incoming webhooks take, and Mattermost's and others' too."""

import msgspec

from homeostat.app.alerts.channels.channel import TIMEOUT_S, text_of
from homeostat.app.alerts.channels.webhook import post
from homeostat.core.notice import Notice, Occasion
from homeostat.core.target import Severity

TEXT_MAX = 3_000
COLOURS = {Severity.WARNING: "#b7791f", Severity.CRITICAL: "#c53030"}
RECOVERED = "#2f855a"


def escaped(text: str) -> str:
    """Return text in which nothing is a mention or a link.

    >>> escaped("p95 < 2 s & <!channel>")
    'p95 &lt; 2 s &amp; &lt;!channel&gt;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def slack_form(notice: Notice) -> dict[str, object]:
    """Return the JSON of an incoming webhook: the title as text, the alerts as one attachment."""
    title, _, rest = text_of(notice).partition("\n")
    colour = RECOVERED if notice.occasion is Occasion.RECOVERED else COLOURS[notice.severity]
    body = escaped(rest.strip())[:TEXT_MAX]
    return {
        "text": escaped(title),
        "attachments": [{"color": colour, "text": body, "fallback": escaped(title), "mrkdwn_in": []}],
    }


class SlackSender:
    """Posts notices to an incoming webhook, whose address is its secret."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._timeout_s = timeout_s

    def send(self, notice: Notice) -> None:
        """Post one notice."""
        body = msgspec.json.encode(slack_form(notice))
        post(self._url, body, {"idempotency-key": notice.id}, self._timeout_s)
