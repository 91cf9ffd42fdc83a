"""The endpoint: where a model is asked, over the API that OpenAI's clients speak."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from homeostat.core.errors import ConfigError

OPENAI = "https://api.openai.com/v1"
KEY_VARIABLE = "HOMEOSTAT_ENDPOINT_KEY"
OPENAI_KEY_VARIABLE = "OPENAI_API_KEY"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model behind a base URL (`https://host/v1`), and the key that it is asked with, if it needs one."""

    url: str
    model: str
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        except ValueError:
            usable = False
        if not usable:
            raise ConfigError(f"the endpoint {self.url!r} is no address; give one such as {OPENAI}")
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise ConfigError(
                f"the endpoint at {parts.hostname} carries more than a path; keys go into {KEY_VARIABLE}"
            )
        if not self.model:
            raise ConfigError("an endpoint needs the name of a model")
        if not self.key.isascii() or any(sign.isspace() for sign in self.key):
            raise ConfigError("the key of the endpoint holds blanks or signs that no header takes")

    @property
    def host(self) -> str:
        """The host with its port, for messages."""
        return urlsplit(self.url).netloc

    @property
    def provider(self) -> str:
        """Whose prices hold, as far as the address tells: `openai` at its own, else empty."""
        return "openai" if self.host == urlsplit(OPENAI).netloc else ""


def endpoint_of(url: str, model: str, environment: Mapping[str, str]) -> Endpoint:
    """Return an endpoint with its key from the environment.

    `HOMEOSTAT_ENDPOINT_KEY` counts for every address, `OPENAI_API_KEY` for OpenAI's own only: a key is not
    sent to a host that it was not made for. Raises ConfigError for what is no address.
    """
    key = environment.get(KEY_VARIABLE, "")
    if not key and urlsplit(url).hostname == urlsplit(OPENAI).hostname:
        key = environment.get(OPENAI_KEY_VARIABLE, "")
    return Endpoint(url.rstrip("/"), model, key.strip())


def endpoint_at(setting: str, environment: Mapping[str, str]) -> Endpoint:
    """Return the endpoint of a setting such as `https://api.openai.com/v1?model=NAME`.

    Its key comes from the environment. Raises ConfigError for anything else.
    """
    parts = urlsplit(setting)
    asked = dict(parse_qsl(parts.query))
    model = asked.pop("model", "")
    if parts.scheme not in ("http", "https") or not model or asked:
        raise ConfigError(
            f"a model elsewhere is an address with its model and nothing else, such as {OPENAI}?model=NAME, "
            f"not one at {parts.netloc or 'nowhere'}"
        )
    return endpoint_of(urlunsplit(parts._replace(query="")), model, environment)
