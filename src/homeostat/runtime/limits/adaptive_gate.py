"""The adaptive gate: as many calls at once as a backend answers fastest in sum, found while it runs."""

import math

from homeostat.act.knobs.declaration import declared
from homeostat.core.errors import ConfigError
from homeostat.runtime.host import Host
from homeostat.runtime.limits.climbing_limit import ClimbingLimit
from homeostat.runtime.limits.gate import Gate


def adaptive_gate(
    host: Host,
    name: str,
    *,
    start: int = 20,
    low: int = 1,
    high: int = 1_000,
    target_s: float = math.inf,
    queue_max: int = 100,
    wait_max_s: float = 1.0,
) -> Gate:
    """Return a gate whose limit climbs (`ClimbingLimit`), between the knobs `<name>_limit_low` and `_high`.

    95% of the calls should take at most `target_s` once they are begun; for that it gives up throughput, but
    never most of it.
    """
    if not 1 <= low <= start <= high:
        raise ConfigError(
            f"the limit of {name!r} needs 1 <= low <= start <= high, not {low}, {start}, {high}"
        )
    if not target_s > 0:
        raise ConfigError(f"the target of {name!r} must be some seconds, not {target_s!r}")
    declare = host.knob_set.declare
    floor = declare(declared(f"{name}_limit_low", low, low=1, high=10_000, log=True))
    ceiling = declare(declared(f"{name}_limit_high", high, low=1, high=100_000, log=True))
    limit = ClimbingLimit(start, floor.get, ceiling.get, target_s)
    return Gate(host, name, limit, queue_max=queue_max, wait_max_s=wait_max_s)
