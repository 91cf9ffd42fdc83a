"""The options of a companion: what `homeostat companion up` was told."""

from dataclasses import dataclass
from pathlib import Path

import homeostat.companion
from homeostat.runtime.embed.opening import NONE
from homeostat.store.address import StoreAddress

RESIDENT_MB = 512
WORKERS = 1
ENDPOINT_CALLS = 8
CANARIES = 8

POLICY = Path(homeostat.companion.__file__).with_name("policy.toml")
"""The built-in policy: it observes."""


@dataclass(frozen=True, slots=True)
class CompanionOptions:
    """What a companion is to be. `store` is where people are, by default in the folder.

    `embedder` is a setting of `embedder_at`, `writer` one of `writer_at`. Without a `policy` nothing is
    governed; `canaries` is how many people who do not exist are asked what they know. `bus` is where servers
    before the same people tell each other what they did: a `redis://` address, or else a file in the folder.
    """

    folder: Path
    store: str | None = None
    policy: Path | None = None
    canaries: int = 0
    resident_mb: int = RESIDENT_MB
    workers: int = WORKERS
    embedder: str = "none"
    writer: str = "none"
    speech: str = "none"
    pictures: str = "none"
    feedback_origins: tuple[str, ...] = ()
    bus: str = ""
    crisis_hook: str = ""
    review_texts: bool = False
    two_places: bool = True

    @property
    def computes(self) -> bool:
        """Whether keeping and finding only compute: in files here, once a text has its vector."""
        return self.store is None or StoreAddress.of(self.store).url is None

    @property
    def embedding_threads(self) -> int:
        """How many texts are embedded at once: a model here computes, an endpoint is waited for."""
        if self.embedder == NONE:
            return 0
        return ENDPOINT_CALLS if "://" in self.embedder else 1
