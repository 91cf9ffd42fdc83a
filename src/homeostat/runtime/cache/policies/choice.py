"""The choice of policies: all there are, by name."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from homeostat.runtime.cache.policies.lru import Lru
from homeostat.runtime.cache.policies.policy import Policy
from homeostat.runtime.cache.policies.s3_fifo import S3Fifo
from homeostat.runtime.cache.policies.tiny_lfu import TinyLfu

POLICIES: Mapping[str, Callable[[int], Policy]] = MappingProxyType(
    {
        "s3fifo": partial(S3Fifo, small=0.1, ghosts=6.0),
        "s3fifo_wide": partial(S3Fifo, small=0.5, ghosts=3.0),
        "lru": Lru,
        "tinylfu": TinyLfu,
    }
)
"""What makes a policy of a capacity. Together within 3% of the best on all traces tried; see the decision."""
