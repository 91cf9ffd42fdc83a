"""The knobs of the palace."""

from dataclasses import dataclass

from homeostat.act.knobs.declaration import declared
from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.companion.palace.building import Shape
from homeostat.runtime.host import Host

ROOMS_MAX = 256


@dataclass(frozen=True, slots=True)
class PalaceKnobs:
    """Handles; each look reads them anew."""

    rooms_max: KnobHandle[int]
    split_gain: KnobHandle[float]
    decay: KnobHandle[float]
    working_max: KnobHandle[int]
    short_days: KnobHandle[float]

    @classmethod
    def declared(cls, host: Host) -> "PalaceKnobs":
        """Declare them."""
        declare = host.knob_set.declare
        return cls(
            declare(
                declared(
                    "palace_rooms_max",
                    64,
                    low=4,
                    high=ROOMS_MAX,
                    log=True,
                    help="rooms of topics that a person has at most",
                )
            ),
            declare(
                declared(
                    "palace_split_gain",
                    0.02,
                    low=0.001,
                    high=0.5,
                    log=True,
                    help="what dividing a room must gain in coherence, as a share of its memories",
                )
            ),
            declare(
                declared(
                    "palace_decay",
                    0.5,
                    low=0.1,
                    high=0.9,
                    help="how fast memories fade: the exponent of ACT-R's power law",
                )
            ),
            declare(
                declared(
                    "palace_working_max",
                    64,
                    low=4,
                    high=1_024,
                    log=True,
                    help="memories of this talk that are held in the working tier",
                )
            ),
            declare(
                declared(
                    "palace_short_days",
                    7.0,
                    low=0.1,
                    high=365.0,
                    log=True,
                    help="days after which a memory that nobody used goes to the long-term tier",
                )
            ),
        )

    def shape(self) -> Shape:
        """Return what a building is to follow."""
        return Shape(self.rooms_max.get(), self.split_gain.get())
