"""The instrumentors: which are installed, for which library, and which one of them is switched on.

They are found by the entry points of installed packages, as `opentelemetry-instrument` finds them, but
read from the metadata files of packages with `instrumentation` in their name, in a millisecond.
"""

from __future__ import annotations

import os

from . import lent, provider
from .guard import guarded, tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

GROUP = "[opentelemetry_instrumentor]"
OURS = "opentelemetry_instrumentation_genai_openai"
"""The instrumentor that Homeostat brings along: any other that a user has installed goes before it."""

EXPECTED = ("openai",)
"""Libraries whose calls a user expects to see, so that it is told where nothing instruments them."""

_active: dict[str, Instrumentor] = {}


class Instrumentor:
    """One entry point: the class that instruments a library."""

    def __init__(self, distribution: str, target: str) -> None:
        self.distribution = distribution
        self._target = target

    def switch_on(self) -> None:
        """Let it instrument."""
        instrumentor = self.singleton()
        if not instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.instrument(raise_exception_on_conflict=True)

    def singleton(self) -> Any:
        """Import the class and return its object, of which there is one a process."""
        from importlib import import_module

        module, _, attribute = self._target.partition(":")
        return getattr(import_module(module), attribute)()


class Library:
    """A library and the instrumentors installed for it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.instrumentors: list[Instrumentor] = []

    def instrument(self) -> None:
        """Switch the first instrumentor on that works: never two, which would count every call twice."""
        if not provider.preload():
            return
        if not self.instrumentors:
            tell(lent.uninstrumented(self.name))
        for candidate in sorted(self.instrumentors, key=lambda i: (i.distribution == OURS, i.distribution)):
            if guarded(f"{candidate.distribution} (for {self.name})", candidate.switch_on):
                _active[self.name] = candidate
                _give_way()
                return


def by_library(paths: Iterable[str]) -> dict[str, Library]:
    """Find what is installed, by the name of the module whose import switches it on."""
    disabled = {n.strip() for n in os.environ.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "").split(",")}
    libraries = {name: Library(name) for name in EXPECTED if not disabled & {name, "*"}}
    seen: set[str] = set()
    for folder in (*_metadata_folders(paths), *lent.distributions()):
        distribution = folder.rpartition("/")[2].partition("-")[0].lower()
        if "instrumentation" not in distribution or distribution in seen:
            continue
        seen.add(distribution)
        for name, target in _entry_points(folder):
            if name not in disabled and "*" not in disabled:
                for library in {name, *_instrumented(folder)}:
                    found = libraries.setdefault(library, Library(library))
                    found.instrumentors.append(Instrumentor(distribution, target))
    return libraries


def _metadata_folders(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        try:
            names = os.listdir(path)  # noqa: PTH208 - pathlib is slow to import
        except OSError:
            continue
        yield from (f"{path}/{n}" for n in names if n.endswith(".dist-info") and "instrumentation" in n)


def _lines(folder: str, file: str) -> list[str]:
    try:
        with open(f"{folder}/{file}", encoding="utf-8") as lines:  # noqa: PTH123 - pathlib is slow to import
            return [line.strip() for line in lines]
    except (OSError, UnicodeDecodeError):
        return []


def _entry_points(folder: str) -> Iterator[tuple[str, str]]:
    within = False
    for line in _lines(folder, "entry_points.txt"):
        if line.startswith("["):
            within = line == GROUP
        elif within and "=" in line:
            name, _, target = line.partition("=")
            yield name.strip(), target.strip()


def _instrumented(folder: str) -> Iterator[str]:
    """The modules of the extra `instruments`: that of `google-genai` is google.genai, or google_genai."""
    for line in _lines(folder, "METADATA"):
        if line.startswith("Requires-Dist:") and "instruments" in line.partition("extra ==")[2]:
            name = _name(line.partition(":")[2].strip())
            yield name
            yield name.replace("_", ".")
        elif not line:
            return


def _name(requirement: str) -> str:
    """The name that a requirement such as `OpenAI-x>=1` begins with, as a module's."""
    end = next((i for i, c in enumerate(requirement) if not (c.isalnum() or c in "-_.")), len(requirement))
    return requirement[:end].lower().replace("-", "_")


def _give_way() -> None:
    """When the program switches an instrumentor on itself, withdraw ours for the same library first."""
    from importlib import import_module

    base = import_module("opentelemetry.instrumentation.instrumentor").BaseInstrumentor
    original = base.instrument
    if getattr(original, "gives_way", False):
        return

    def instrument(self: Any, **kwargs: Any) -> Any:
        for library, active in list(_active.items()):
            if library in map(_name, self.instrumentation_dependencies()):
                del _active[library]
                active.singleton().uninstrument()
        return original(self, **kwargs)

    instrument.gives_way = True  # type: ignore[attr-defined]
    base.instrument = instrument
