"""The writer by its setting: the model that puts into words what the mirror and the archaeology found."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from homeostat.companion.archaeology.reconstruction.endpoint_writer import EndpointWriter
from homeostat.core.endpoint import endpoint_of
from homeostat.core.errors import ConfigError
from homeostat.runtime.host import Host


def writer_at(host: Host, setting: str, environment: Mapping[str, str]) -> EndpointWriter | None:
    """Return the writer at an address such as `https://api.openai.com/v1?model=NAME`; `none` is none.

    Its key comes from the environment (`HOMEOSTAT_ENDPOINT_KEY`). Raises ConfigError.
    """
    if setting == "none":
        return None
    parts = urlsplit(setting)
    asked = dict(parse_qsl(parts.query))
    model = asked.pop("model", "")
    if parts.scheme not in ("http", "https") or not model or asked:
        raise ConfigError(
            "a writer is none, or an address with its model and nothing else, such as "
            "https://api.openai.com/v1?model=NAME"
        )
    return EndpointWriter(host, endpoint_of(urlunsplit(parts._replace(query="")), model, environment))
