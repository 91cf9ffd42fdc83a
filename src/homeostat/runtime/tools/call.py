"""The call: one node of a graph of calls, and what became of all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from homeostat.core.errors import ConfigError, HomeostatError


class Skipped(HomeostatError):
    """A call was not begun, since one that it needs failed."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function, plain or async.

    Those in `needs` run before it, and their results are handed to it as keyword arguments of their names,
    behind `arguments`. `tool` is what it counts as in what is learned, by default the function's name.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    needs: tuple[str, ...] = ()
    tool: str = ""

    @property
    def counts_as(self) -> str:
        """The tool's name."""
        return self.tool or getattr(self.function, "__name__", "call")


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a graph: results and errors by name; one whose needs failed has `Skipped` as its error.

    `ran[name]` is a call's result, or raises its error.
    """

    results: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, Exception] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """Return a call's result, or raise its error."""
        if name in self.errors:
            raise self.errors[name]
        return self.results[name]


def sorted_calls(calls: Mapping[str, Call]) -> tuple[str, ...]:
    """Return the names, each behind all that it needs; raise ConfigError for a graph that cannot be run."""
    for name, call in calls.items():
        unknown = [needed for needed in call.needs if needed not in calls]
        if unknown:
            raise ConfigError(
                f"call {name!r} needs {unknown[0]!r}, which is no call; there are {', '.join(calls)}"
            )
    try:
        return tuple(TopologicalSorter({name: call.needs for name, call in calls.items()}).static_order())
    except CycleError as error:
        raise ConfigError(f"calls need each other in a circle: {' -> '.join(error.args[1])}") from None


def remaining_work(calls: Mapping[str, Call], expected_s: Callable[[str], float]) -> dict[str, float]:
    """Return for each call the seconds from its start to the end of the longest chain that waits for it."""
    users: dict[str, list[str]] = {name: [] for name in calls}
    for name, call in calls.items():
        for needed in call.needs:
            users[needed].append(name)
    left: dict[str, float] = {}
    for name in reversed(sorted_calls(calls)):
        longest = max((left[user] for user in users[name]), default=0.0)
        left[name] = expected_s(calls[name].counts_as) + longest
    return left
