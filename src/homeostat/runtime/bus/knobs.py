"""The knobs of a bus: how many events a subscriber has under way, and of how many keys at once."""

from dataclasses import dataclass

from homeostat.act.knobs.declaration import declared
from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.runtime.host import Host


@dataclass(frozen=True, slots=True)
class BusKnobs:
    """Handles; each look reads them anew."""

    window: KnobHandle[int]
    lanes: KnobHandle[int]


def declare_knobs(host: Host, name: str) -> BusKnobs:
    """Declare the knobs of a bus as `<name>_window` and `<name>_lanes`."""
    declare = host.knob_set.declare
    return BusKnobs(
        declare(
            declared(
                f"{name}_window",
                512,
                low=1,
                high=10_000,
                log=True,
                help="Events that a subscriber holds at once: more a read, more again after a crash.",
            )
        ),
        declare(
            declared(
                f"{name}_lanes",
                64,
                low=1,
                high=1_000,
                log=True,
                help="Keys whose events a subscriber takes side by side.",
            )
        ),
    )
