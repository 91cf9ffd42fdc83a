"""The knobs of a worker: how many jobs at once, how many a commit, how often it looks."""

from dataclasses import dataclass

from homeostat.act.knobs.declaration import declared
from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.runtime.host import Host

CONCURRENCY_MAX = 512


@dataclass(frozen=True, slots=True)
class JobKnobs:
    """Handles of the knobs; each look reads them anew."""

    concurrency: KnobHandle[int]
    batch: KnobHandle[int]
    poll_ms: KnobHandle[int]


def declare_knobs(host: Host, name: str, concurrency: int) -> JobKnobs:
    """Declare the knobs of a worker as `<name>_concurrency`, `<name>_batch` and `<name>_poll_ms`."""
    declare = host.knob_set.declare
    return JobKnobs(
        declare(
            declared(
                f"{name}_concurrency",
                concurrency,
                low=1,
                high=CONCURRENCY_MAX,
                log=True,
                step_max=0.25,
                settle_s=5.0,
                help="Jobs that a worker runs at once.",
            )
        ),
        declare(
            declared(
                f"{name}_batch",
                1_000,
                low=1,
                high=2_000,
                log=True,
                help="Jobs that a worker holds ahead at most: more a commit, later for others.",
            )
        ),
        declare(
            declared(
                f"{name}_poll_ms",
                200,
                low=10,
                high=5_000,
                log=True,
                help="How long a worker without work waits before it looks again.",
            )
        ),
    )
