"""The hot tier: prompts that are put together already, for as long as their modules do not change."""

from random import Random
from threading import Lock

from homeostat.prompts.serving.edition import Edition
from homeostat.prompts.serving.held import Held
from homeostat.prompts.serving.module_cache import ModuleCache
from homeostat.prompts.serving.popularity import Popularity
from homeostat.prompts.serving.ready import Ready, ReadyKey
from homeostat.prompts.serving.serving_meter import ServingMeter
from homeostat.prompts.serving.tier import Tier


class ReadyCache:
    """Ready prompts of any thread's asking. They share their texts with the warm tier, and count them too."""

    def __init__(self, capacity_bytes: int, modules: ModuleCache, meter: ServingMeter, rng: Random) -> None:
        self._popularity: Popularity[ReadyKey] = Popularity()
        self._tier: Tier[ReadyKey, Ready] = Tier(capacity_bytes, self._popularity.score, rng)
        self._modules = modules
        self._meter = meter
        self._lock = Lock()

    def get(self, key: ReadyKey, edition: Edition, *, look: bool) -> Ready | None:
        """Return a prompt whose modules are as they were; with `look`, their files are looked at for it."""
        ready = self._tier.get(key)
        if ready is None or ready.catalogue is not edition.catalogue:
            return None
        if not all(self._modules.unchanged(held, edition.root, look=look) for held in ready.modules):
            return None
        with self._lock:
            self._popularity.touch(key)
        return ready

    def parts_of(self, key: ReadyKey) -> dict[str, Held]:
        """Return the modules of a prompt as they are held here, whatever became of their files."""
        ready = self._tier.get(key)
        return {held.key[1]: held for held in ready.modules} if ready is not None else {}

    def offer(self, ready: Ready) -> None:
        """Take in a prompt that was asked for, if it is worth it."""
        with self._lock:
            self._popularity.touch(ready.key)
            self._tier.offer(ready.key, ready, ready.memory_bytes, self._popularity.score(ready.key))
            used = self._tier.used_bytes
        self._meter.holds("hot", used)

    def resize(self, capacity_bytes: int) -> None:
        """Set the size of the tier, and let go what does not fit any more."""
        with self._lock:
            self._tier.resize(capacity_bytes)

    @property
    def used_bytes(self) -> int:
        """What the tier holds."""
        return self._tier.used_bytes
