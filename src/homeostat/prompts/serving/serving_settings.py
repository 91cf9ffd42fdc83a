"""The settings of serving, and the knobs that they are the defaults of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from homeostat.act.knobs.declaration import declared
from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.core.errors import ConfigError
from homeostat.prompts.serving.edition import LAYERS, Layer
from homeostat.runtime.host import Host

KB = 1024
KB_MIN, KB_MAX = 16, 1024 * 1024
SETTLE_S = 30.0
"""Until a tier of another size is full of what is asked for."""


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """How prompts are served.

    The sizes of the tiers are what they take in memory, 1 KB is 1,024 bytes. A change on disk is served at
    most `check_every_s` later; 0 looks at the files each time. `ahead` is whether to load what will probably
    be asked for. `styles` is a file of styles of references (see `load_styles`).
    """

    hot_kb: int = 256
    warm_kb: int = 512
    cold_kb: int = 1024
    check_every_s: float = 1.0
    layer: Layer = "critical"
    ahead: bool = True
    styles: Path | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.check_every_s < float("inf"):
            raise ConfigError(f"check_every_s must be 0 or more seconds, not {self.check_every_s!r}")


class ServingKnobs:
    """The knobs of one library, which the loop may turn: `<name>_hot_kb` and its like.

    Compaction and layers change what a model reads, so each request may have its own value, and a guardrail
    of quality belongs beside them. There is a knob of compaction where there is more than one edition.
    """

    def __init__(self, host: Host, name: str, settings: ServingSettings, editions: Sequence[str]) -> None:
        if not name.isidentifier():
            raise ConfigError(f"a library's name has letters, digits and _, such as 'prompts', not {name!r}")
        declare = host.knob_set.declare
        self.sizes: tuple[KnobHandle[int], ...] = tuple(
            declare(
                declared(
                    f"{name}_{tier}_kb", size, low=KB_MIN, high=KB_MAX, log=True, settle_s=SETTLE_S, help=text
                )
            )
            for tier, size, text in (
                ("hot", settings.hot_kb, "memory for prompts that are put together"),
                ("warm", settings.warm_kb, "memory for modules that are ready"),
                ("cold", settings.cold_kb, "memory for modules that are deflated"),
            )
        )
        self.layer: KnobHandle[str] = declare(
            declared(
                f"{name}_layers",
                settings.layer,
                choices=LAYERS,
                scope="request",
                help="how much is loaded with an entry point before it is needed",
            )
        )
        self.edition: KnobHandle[str] | None = None
        if len(editions) > 1:
            self.edition = declare(
                declared(
                    f"{name}_compaction",
                    editions[0],
                    choices=editions,
                    scope="request",
                    help="which edition of the library is served",
                )
            )
