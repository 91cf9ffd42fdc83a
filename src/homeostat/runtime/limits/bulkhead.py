"""The bulkhead: a fixed number of calls at once, so that one part cannot take all that others need."""

from homeostat.act.knobs.declaration import declared
from homeostat.runtime.host import Host
from homeostat.runtime.limits.gate import Gate
from homeostat.runtime.limits.limit import FixedLimit


def bulkhead(
    host: Host, name: str, limit: int = 10, *, queue_max: int = 100, wait_max_s: float = 1.0
) -> Gate:
    """Return a gate that lets `limit` calls through at once; the limit is the knob `<name>_limit`.

    >>> from homeostat.testing.bare_host import BareHost
    >>> index = bulkhead(BareHost(), "index", limit=4)
    >>> with index.permit():
    ...     index.in_flight
    1
    """
    knob = host.knob_set.declare(declared(f"{name}_limit", limit, low=1, high=10_000, log=True))
    return Gate(host, name, FixedLimit(knob), queue_max=queue_max, wait_max_s=wait_max_s)
