"""The knobs of the message flow."""

from dataclasses import dataclass

from homeostat.act.knobs.declaration import declared
from homeostat.act.knobs.external_knob import Callback
from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.companion.residents import Residents
from homeostat.runtime.host import Host

RESIDENT_MB_MIN = 16


@dataclass(frozen=True, slots=True)
class FlowKnobs:
    """Handles; each look reads them anew."""

    enrich_batch: KnobHandle[int]
    enrich_delay_ms: KnobHandle[int]
    resident_mb: KnobHandle[int]

    @classmethod
    def declared(cls, host: Host, residents: Residents) -> "FlowKnobs":
        """Declare them; the residents get what their knob says."""
        declare = host.knob_set.declare
        return cls(
            declare(
                declared(
                    "companion_enrich_batch",
                    64,
                    low=4,
                    high=2_048,
                    log=True,
                    help="messages that a part learns while it holds a person's memory",
                )
            ),
            declare(
                declared(
                    "companion_enrich_delay_ms",
                    60_000,
                    low=50,
                    high=600_000,
                    log=True,
                    settle_s=5.0,
                    help="how long a person's messages gather before the parts learn from them",
                )
            ),
            declare(
                declared(
                    "companion_resident_mb",
                    max(RESIDENT_MB_MIN, residents.bytes_max >> 20),
                    low=RESIDENT_MB_MIN,
                    high=65_536,
                    log=True,
                    settle_s=30.0,
                    help="memory for what is kept ready of active people",
                ),
                Callback(lambda mb: residents.resize(int(mb) << 20)),
            ),
        )
