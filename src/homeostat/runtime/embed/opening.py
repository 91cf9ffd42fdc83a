"""Opening an embedder by its setting: the one place that knows their names."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from homeostat.core.embedder import Embedder
from homeostat.core.endpoint import endpoint_of
from homeostat.core.errors import ConfigError
from homeostat.runtime.host import Host

NONE = "none"
STATIC = "static"
SETTINGS = "none, minilm, minilm-gpu, static, or an address such as https://api.openai.com/v1?model=NAME"


def embedder_at(
    host: Host, setting: str, environment: Mapping[str, str], models: Path | None = None
) -> Embedder | None:
    """Return the embedder of a setting; `none` is none at all.

    `models` is where built ones are, the user's cache if it is not given. An address takes `model` and
    perhaps `dimensions`; its key comes from the environment (`HOMEOSTAT_ENDPOINT_KEY`). Raises ConfigError
    for a setting that says nothing to us, NotAvailable where a model is not built, a package or a GPU is
    missing, EmbedderError where an endpoint does not answer.
    """
    if setting == NONE:
        return None
    if setting in ("minilm", "minilm-gpu"):
        from homeostat.runtime.embed.minilm import MiniLm

        return MiniLm(host, models, gpu=setting == "minilm-gpu")
    if setting == STATIC:
        from homeostat.runtime.embed.static import Static

        return Static(host, models)
    if setting.startswith(("http://", "https://")):
        return _at_endpoint(host, setting, environment)
    raise ConfigError(f"no embedder is named {setting!r}: give {SETTINGS}")


def _at_endpoint(host: Host, setting: str, environment: Mapping[str, str]) -> Embedder:
    from homeostat.runtime.embed.endpoint import EndpointEmbedder

    parts = urlsplit(setting)
    asked = dict(parse_qsl(parts.query))
    model, dimensions = asked.pop("model", ""), asked.pop("dimensions", None)
    if not model or asked:
        raise ConfigError(
            f"the embedder at {parts.hostname} needs ?model=NAME, takes &dimensions=NUMBER, and nothing else"
        )
    if dimensions is not None and not (dimensions.isdecimal() and 1 <= int(dimensions) <= 65_536):
        raise ConfigError(f"dimensions of {model!r} must be a whole number, not {dimensions!r}")
    address = urlunsplit(parts._replace(query=""))
    endpoint = endpoint_of(address, model, environment)
    return EndpointEmbedder(host, endpoint, int(dimensions) if dimensions else None)
