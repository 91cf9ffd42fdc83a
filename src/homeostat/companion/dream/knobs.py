"""The knobs of dreams."""

from dataclasses import dataclass

from homeostat.act.knobs.declaration import declared
from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.runtime.host import Host

DREAMS = declared(
    "companion_dreams",
    True,
    scope="request",
    help="whether somebody who wants dreams has them while away, and what dreams derived helps to find",
)
REPLAY = declared(
    "companion_dream_replay", 24, low=4, high=96, log=True, help="memories that a dream is made of"
)
NOVELTY = declared(
    "companion_dream_novelty",
    0.3,
    low=0.0,
    high=1.0,
    help="how much a dream turns to what was not seen, or dreamed of, for long",
)
LENGTH = declared("companion_dream_length", 6, low=2, high=16, help="scenes of a dream")
TEMPERATURE = declared(
    "companion_dream_temperature",
    0.5,
    low=0.0,
    high=2.0,
    help="how much chance has to do with what a dream is made of",
)
COMPRESSION = declared(
    "companion_dream_compression",
    0.4,
    low=0.0,
    high=1.0,
    help="how little is told of each memory: 40 words at 0, 8 at 1",
)
AT_ONCE = declared(
    "companion_dreams_at_once", 4, low=1, high=64, log=True, help="dreams that run side by side"
)
CPU_SHARE = declared(
    "companion_dream_cpu_share",
    0.25,
    low=0.01,
    high=4.0,
    log=True,
    help="cores that dreams of who is away may take on average, and as many those asked for",
)
TOKENS_A_MINUTE = declared(
    "companion_dream_tokens_a_minute",
    20_000,
    low=100,
    high=10_000_000,
    log=True,
    help="tokens that dreams may send to a model, and take from it, on average",
)


@dataclass(frozen=True, slots=True)
class DreamKnobs:
    """Handles; each look reads them anew.

    `dreams` is read for each person: a trial gives dreams to some people and none to others, and proves what
    they do to what is found.
    """

    dreams: KnobHandle[bool]
    replay: KnobHandle[int]
    novelty: KnobHandle[float]
    length: KnobHandle[int]
    temperature: KnobHandle[float]
    compression: KnobHandle[float]
    at_once: KnobHandle[int]
    cpu_share: KnobHandle[float]
    tokens_a_minute: KnobHandle[int]

    @classmethod
    def declared(cls, host: Host) -> "DreamKnobs":
        """Declare them."""
        declare = host.knob_set.declare
        return cls(
            dreams=declare(DREAMS),
            replay=declare(REPLAY),
            novelty=declare(NOVELTY),
            length=declare(LENGTH),
            temperature=declare(TEMPERATURE),
            compression=declare(COMPRESSION),
            at_once=declare(AT_ONCE),
            cpu_share=declare(CPU_SHARE),
            tokens_a_minute=declare(TOKENS_A_MINUTE),
        )
