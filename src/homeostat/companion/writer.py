"""The writer by its setting: the model that puts into words what the mirror and the archaeology found."""

from collections.abc import Mapping

from homeostat.companion.archaeology.reconstruction.endpoint_writer import EndpointWriter
from homeostat.core.endpoint import endpoint_at
from homeostat.runtime.host import Host


def writer_at(host: Host, setting: str, environment: Mapping[str, str]) -> EndpointWriter | None:
    """Return the writer at an address such as `https://api.openai.com/v1?model=NAME`; `none` is none.

    Its key comes from the environment (`HOMEOSTAT_ENDPOINT_KEY`). Raises ConfigError.
    """
    if setting == "none":
        return None
    return EndpointWriter(host, endpoint_at(setting, environment))
