"""The `[[channel]]` entry: a way out for notices, as a user describes it.

Secrets are never written into the file: it names the variables of the environment that hold them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from homeostat.app.alerts.channels.channel import TIMEOUT_S, Channel, Sender
from homeostat.app.alerts.channels.command import CommandSender
from homeostat.app.alerts.channels.email import EmailSender, MailServer
from homeostat.app.alerts.channels.log import LogSender
from homeostat.app.alerts.channels.slack import SlackSender
from homeostat.app.alerts.channels.webhook import WebhookSender
from homeostat.core.errors import ConfigError
from homeostat.core.target import Severity

LOG = Channel("log", "log", Severity.WARNING, LogSender)
"""The channel that is always there."""

TIMEOUT_MAX_S = 60.0
COMMON = ("name", "kind", "severity", "timeout_s")


class Entry:
    """Reads the fields of one entry; each mistake is told with its place, its value and the remedy."""

    def __init__(self, table: Mapping[str, object], where: str, environment: Mapping[str, str]) -> None:
        self._table = table
        self.where = where
        self._environment = environment

    def mistake(self, text: str) -> ConfigError:
        return ConfigError(f"{self.where}: {text}")

    def text(self, field: str, default: str | None = None) -> str:
        value = self._table.get(field, default)
        if value is None:
            raise self.mistake(f"the field {field!r} is missing")
        if not isinstance(value, str) or not (value.strip() or field not in self._table):
            raise self.mistake(f"{field} must be a text, not {value!r}")
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        value = self._table.get(field)
        if not isinstance(value, list) or not value or not all(isinstance(v, str) and v for v in value):
            raise self.mistake(f"{field} must be a list of texts, not {value!r}")
        return tuple(value)

    def secret(self, field: str) -> str:
        """Return what the variable holds that a field names; empty where the field is not there."""
        if field not in self._table:
            return ""
        name = self.text(field)
        if not self._environment.get(name):
            raise self.mistake(f"the environment has no variable {name!r}, which {field} names; set it")
        return self._environment[name]

    def number(self, field: str, default: float, low: float, high: float) -> float:
        value = self._table.get(field, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.mistake(f"{field} must be a number from {low:g} to {high:g}, not {value!r}")
        return float(value)

    def one_of(self, field: str, accepted: tuple[str, ...], default: str) -> str:
        value = self.text(field, default)
        if value not in accepted:
            raise self.mistake(f"{field} must be one of {', '.join(accepted)}, not {value!r}")
        return value

    def url(self) -> str:
        """Return the address of `url`, or that which the variable of `url_env` holds."""
        if "url" in self._table and "url_env" in self._table:
            raise self.mistake("give either url or url_env")
        secret = "url_env" in self._table
        found = self.secret("url_env") if secret else self.text("url")
        address = urlsplit(found)
        if address.scheme not in ("http", "https") or not address.hostname:
            shown = f"the one that {self.text('url_env')} holds" if secret else repr(found)
            raise self.mistake(f"an address such as 'https://example.com/hook' is needed, not {shown}")
        return found


Opener = Callable[[], Sender]


def _log(entry: Entry, timeout_s: float) -> Opener:
    return LogSender


def _webhook(entry: Entry, timeout_s: float) -> Opener:
    url, secret = entry.url(), entry.secret("secret_env")
    return lambda: WebhookSender(url, secret, timeout_s)


def _slack(entry: Entry, timeout_s: float) -> Opener:
    url = entry.url()
    return lambda: SlackSender(url, timeout_s)


def _command(entry: Entry, timeout_s: float) -> Opener:
    argv = entry.texts("argv")
    return lambda: CommandSender(argv, timeout_s)


def _email(entry: Entry, timeout_s: float) -> Opener:
    encryption = entry.one_of("encryption", ("starttls", "tls", "none"), "starttls")
    port = round(entry.number("port", {"tls": 465, "starttls": 587}.get(encryption, 25), 1, 65_535))
    user = entry.text("user", "")
    password = entry.secret("password_env")
    if user and encryption == "none":
        raise entry.mistake('a password must not be sent in clear; use encryption = "starttls"')
    chosen = {"starttls": "starttls", "tls": "tls"}.get(encryption, "none")
    server = MailServer(entry.text("host"), port, chosen, user, password)  # type: ignore[arg-type]
    sender, to = entry.text("from"), entry.texts("to")
    for address in (sender, *to):
        if "@" not in address or any(c in address for c in "\r\n,"):
            raise entry.mistake(f"{address!r} is no e-mail address")
    return lambda: EmailSender(server, sender, to, timeout_s)


KINDS: Mapping[str, tuple[Callable[[Entry, float], Opener], tuple[str, ...]]] = MappingProxyType(
    {
        "log": (_log, ()),
        "webhook": (_webhook, ("url", "url_env", "secret_env")),
        "slack": (_slack, ("url", "url_env")),
        "command": (_command, ("argv",)),
        "email": (_email, ("host", "port", "encryption", "user", "password_env", "from", "to")),
    }
)
"""What there is, and the fields that each takes."""


def channel_of(table: Mapping[str, object], where: str, environment: Mapping[str, str]) -> Channel:
    """Return the channel that an entry describes, or raise ConfigError."""
    name = table.get("name")
    if not isinstance(name, str) or not name or name != name.strip() or "/" in name:
        raise ConfigError(f"{where}: a channel needs a name such as 'operators', not {name!r}")
    entry = Entry(table, f"{where}: channel {name!r}", environment)
    kind = entry.text("kind")
    if kind not in KINDS:
        raise entry.mistake(f"unknown kind {kind!r}; known are {', '.join(KINDS)}")
    make, fields = KINDS[kind]
    unknown = sorted(set(table) - {*COMMON, *fields})
    if unknown:
        raise entry.mistake(f"unknown field {unknown[0]!r}; known are {', '.join((*COMMON, *fields))}")
    severity = Severity(entry.one_of("severity", tuple(Severity), Severity.WARNING))
    timeout_s = entry.number("timeout_s", TIMEOUT_S, 0.1, TIMEOUT_MAX_S)
    return Channel(name, kind, severity, make(entry, timeout_s))
