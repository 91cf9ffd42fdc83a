"""Opening an embedder by its setting."""

from homeostat.companion.embed.embedder import Embedder
from homeostat.core.errors import ConfigError
from homeostat.runtime.host import Host


def embedder_at(host: Host, setting: str) -> Embedder | None:
    """Return the embedder of a setting: `none` is no embedder at all, `minilm` is the one on this machine.

    Raises ConfigError for a setting that says nothing to us, NotAvailable where the embedder is not built
    or a package is missing.
    """
    if setting == "none":
        return None
    if setting == "minilm":
        from homeostat.companion.embed.minilm import MiniLm

        return MiniLm(host)
    raise ConfigError(f"no embedder is named {setting!r}; there are none and minilm")
