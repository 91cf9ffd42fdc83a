"""The reliefs: what an application can do when a resource runs short, as functions that it hands in."""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from homeostat.act.controllers.gauge import Resource
from homeostat.core.errors import ConfigError
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses

RELIEFS_MAX = 100


@dataclass(frozen=True, slots=True)
class Relieved:
    """What was done for a resource. Memory is the resident set of the process before and after, in bytes;
    None where that is not available, or for another resource."""

    resource: Resource
    done: tuple[str, ...]
    failed: tuple[str, ...]
    before_bytes: int | None
    after_bytes: int | None

    @property
    def words(self) -> str:
        """What was done, in a sentence."""
        if not self.done and not self.failed:
            return (
                f"nothing can be done for {self.resource.value}: no relief is registered; "
                f"hand one in with hs.relief({self.resource.value!r}, function)"
            )
        told = f"{self.resource.value} relieved by {', '.join(self.done)}" if self.done else "nothing helped"
        if self.failed:
            told += f"; {', '.join(self.failed)} failed"
        if self.before_bytes is not None and self.after_bytes is not None:
            freed = (self.before_bytes - self.after_bytes) / 1e6
            told += f"; {freed:.1f} MB freed, {self.after_bytes / 1e6:.0f} MB in use"
        return told


class Reliefs:
    """Functions by resource, called in the order in which they were handed in.

    What one raises is counted and told, and the others are called all the same. For memory, garbage is
    collected first in any case.
    """

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._functions: dict[Resource, dict[str, Callable[[], object]]] = {}

    def add(self, resource: str, function: Callable[[], object], name: str = "") -> None:
        """Hand in what relieves `memory`, `cpu` or `io`; raise ConfigError for anything else."""
        if resource not in set(Resource):
            raise ConfigError(f"a relief is for {', '.join(Resource)}, not {resource!r}")
        if not callable(function):
            raise ConfigError(f"a relief is a function without arguments, not {function!r}")
        known = self._functions.setdefault(Resource(resource), {})
        if len(known) >= RELIEFS_MAX:
            raise ConfigError(f"{RELIEFS_MAX} reliefs of {resource} are the most")
        known[name or getattr(function, "__name__", "relief")] = function

    def among(self, short: Mapping[Resource, str]) -> Mapping[str, str]:
        """Return those of the resources for which something was handed in."""
        return {resource.value: why for resource, why in short.items() if self._functions.get(resource)}

    def relieve(self, resource: Resource) -> Relieved:
        """Call all that was handed in for a resource; return what it came to."""
        before = _resident_bytes() if resource is Resource.MEMORY else None
        done: list[str] = []
        failed: list[str] = []
        functions = dict(self._functions.get(resource, {}))
        if resource is Resource.MEMORY:
            functions = {"collecting garbage": gc.collect, **functions}
        for name, function in functions.items():
            finished = False
            with guarded(self._losses, "relief"):
                function()
                finished = True
            (done if finished else failed).append(name)
        after = _resident_bytes() if resource is Resource.MEMORY else None
        return Relieved(resource, tuple(done), tuple(failed), before, after)


def _resident_bytes() -> int | None:
    try:
        import psutil

        return int(psutil.Process().memory_info().rss)
    except (ImportError, OSError):
        return None
